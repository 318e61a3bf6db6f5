import { LEAST_NODES, MOST_NODES } from '../ports/node-count';
import type { LockNode } from '../ports/lock-node.interface';
import { LockOptionsError } from '../errors/lock-options.error';
import { describeRedisNode, type RedisNodeInput } from '../redis/client/ioredis/describe-redis-node';
import type { RedisNodeDescription } from '../redis/client/redis-node-description.interface';
import { RedisLockNodes } from '../redis/redis-lock-nodes';
import type { RedisLockNodeOptions } from '../redis/redis-lock-node-options';
import { lockNodeFrom } from './lock-node-input';

/** The nodes of one lock service, and how to close those that the service opened. */
export interface OpenedNodes {
  readonly nodes: readonly LockNode[];
  closeOpened(): Promise<void>;
}

/** Checks all inputs, and only then opens the first connection (R13). */
export function openNodes(
  inputs: unknown,
  keyPrefix: string,
  settings: Pick<RedisLockNodeOptions, 'clock' | 'clockBudgetMs' | 'nodeTimeoutMs' | 'maxTtlMs'> = {},
): OpenedNodes {
  const descriptions = readInputs(inputs).map(describeNode);
  refuseTheSameTwice(descriptions.map((node) => ('address' in node ? node.address : node.name)));

  const redis = new RedisLockNodes({ ...settings, keyPrefix, isOnly: descriptions.length === 1 });
  const opened: LockNode[] = [];
  const closeOpened = async () => {
    await Promise.all(opened.map((node) => node.close()));
  };
  const nodes = descriptions.map((description, position) => {
    if (!('open' in description)) return description;
    try {
      const node = redis.open(description);
      opened.push(node);
      return node;
    } catch {
      // An error of ioredis may repeat the options with a password, so it is not passed on. The nodes that are
      // open already are closed here, since nobody else would close them.
      void closeOpened();
      throw new LockOptionsError(`nodes[${position}]`, 'is refused by ioredis. Check its options.');
    }
  });
  return { nodes, closeOpened };
}

/** Copies the inputs. It reads by position, so that neither holes nor an iterator of the array can hide anything. */
function readInputs(inputs: unknown): readonly unknown[] {
  const list = readOrRefuse('nodes', () => {
    if (!Array.isArray(inputs) || inputs.length < LEAST_NODES || inputs.length > MOST_NODES) return undefined;
    return Array.from({ length: inputs.length }, (_, position): unknown => inputs[position]);
  });
  if (list !== undefined) return list;
  throw new LockOptionsError(
    'nodes',
    `must be an array of ${LEAST_NODES} to ${MOST_NODES} nodes, such as ['redis://a:6379', 'redis://b:6379', 'redis://c:6379'].`,
  );
}

function describeNode(input: unknown, position: number): LockNode | RedisNodeDescription {
  const option = `nodes[${position}]`;
  return readOrRefuse(
    option,
    () => lockNodeFrom(input, option) ?? describeRedisNode(input as RedisNodeInput, option),
  );
}

/** The error of a getter or proxy is not repeated: it is the caller's, and may contain secrets. */
function readOrRefuse<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LockOptionsError) throw error;
    throw new LockOptionsError(option, 'could not be read: it throws.');
  }
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
