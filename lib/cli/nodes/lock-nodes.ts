import type { LockNode, ServerFacts } from '../../ports/lock-node.interface';
import { RedisLockNode } from '../../redis/redis-lock-node';
import type { RedisNodeDescription } from '../../redis/client/redis-node-description.interface';
import { refuseTheSameTwice } from './describe-nodes';
import { settle } from './settle';

/** What a command line says about the nodes. */
export interface AskedNodes {
  readonly nodes: readonly RedisNodeDescription[];
  readonly keyPrefix: string;
  /** The longest wait for a connection, and for an answer. */
  readonly timeoutMs: number;
}

/**
 * Opens the lock nodes as a lock service would, waits until each is up or has failed, and closes them when `use`
 * is done. The commands ask the nodes for the same as the methods of LockService. They do not use the service
 * itself, which would take as long to load as all the rest.
 */
export async function withLockNodes<T>(
  { nodes, keyPrefix, timeoutMs }: AskedNodes,
  use: (
    nodes: readonly LockNode[],
    serversOf: (node: LockNode) => readonly ServerFacts[] | undefined,
  ) => Promise<T>,
): Promise<T> {
  refuseTheSameTwice(nodes);
  const opened = nodes.map((description) => new RedisLockNode(description, { keyPrefix }));
  const servers = new Map<LockNode, readonly ServerFacts[]>();
  for (const node of opened) {
    node.onStatus((change) => {
      if (change.servers !== undefined) servers.set(node, change.servers);
    });
  }
  try {
    await Promise.all(opened.map((node) => settle(node, timeoutMs)));
    return await use(opened, (node) => servers.get(node));
  } finally {
    await Promise.all(opened.map((node) => node.close()));
  }
}
