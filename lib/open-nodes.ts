import type { LockNode } from './core/lock-node.interface';
import { LockOptionsError } from './errors/lock-options.error';
import type { RedlockNodeInput } from './interfaces/redlock-module-options.interface';
import { BatchEncoder } from './redis/encoded-batch';
import { describeRedisNode } from './redis/redis-connections';
import { RedisLockNode } from './redis/redis-lock-node';

/** The nodes of one lock service, and how to close those that the service opened. */
export interface OpenedNodes {
  readonly nodes: readonly LockNode[];
  closeOpened(): Promise<void>;
}

const LEAST_NODES = 1;
const MOST_NODES = 15;

/** Checks all inputs, and only then opens the first connection (R13). */
export function openNodes(
  inputs: readonly RedlockNodeInput[],
  keyPrefix: string,
  clockBudgetMs?: number,
): OpenedNodes {
  if (!Array.isArray(inputs) || inputs.length < LEAST_NODES || inputs.length > MOST_NODES) {
    throw new LockOptionsError(
      'nodes',
      `must be an array of ${LEAST_NODES} to ${MOST_NODES} nodes, such as ['redis://a:6379', 'redis://b:6379', 'redis://c:6379'].`,
    );
  }
  const descriptions = inputs.map((input: RedlockNodeInput, position) =>
    isLockNode(input) ? input : describeRedisNode(input, `nodes[${position}]`),
  );
  refuseTheSameTwice(descriptions.map((node) => ('address' in node ? node.address : node.name)));

  const encoder = new BatchEncoder(keyPrefix);
  const opened: LockNode[] = [];
  const nodes = descriptions.map((description) => {
    if (isLockNode(description)) return description;
    const node = new RedisLockNode(description, { keyPrefix, encoder, clockBudgetMs });
    opened.push(node);
    return node;
  });
  return {
    nodes,
    async closeOpened() {
      await Promise.all(opened.map((node) => node.close()));
    },
  };
}

function isLockNode(input: unknown): input is LockNode {
  const node = input as Partial<LockNode> | null | undefined;
  return (
    typeof node === 'object' &&
    node !== null &&
    typeof node.name === 'string' &&
    typeof node.acquire === 'function' &&
    typeof node.extend === 'function' &&
    typeof node.release === 'function'
  );
}

function refuseTheSameTwice(addresses: readonly string[]): void {
  addresses.forEach((address, position) => {
    const first = addresses.indexOf(address);
    if (first === position) return;
    throw new LockOptionsError(
      `nodes[${position}]`,
      `is ${address}, the same as nodes[${first}]. One server counted twice would grant a majority alone; list each once.`,
    );
  });
}
