import type { Cluster, Redis } from 'ioredis';
import type { NodeMemory } from '../core/lock-node.interface';
import { isCluster } from './break-connection';
import { infoLines } from './info-lines';

/**
 * How full the servers of a node are: the fullest, since the locks of its slots are refused first. Null where none has a
 * limit.
 */
export async function readMemory(client: Redis | Cluster): Promise<NodeMemory | null> {
  const servers = isCluster(client) ? client.nodes('master') : [client];
  const each = await Promise.all(servers.map(async (server) => memoryIn(await server.info('memory'))));
  return each.reduce(fuller, null);
}

/** @param info the reply to `INFO memory` */
export function memoryIn(info: unknown): NodeMemory | null {
  const { used_memory: used, maxmemory: limit } = typeof info === 'string' ? infoLines(info) : {};
  const [usedBytes, limitBytes] = [Number(used ?? NaN), Number(limit ?? NaN)];
  return Number.isSafeInteger(usedBytes) && Number.isSafeInteger(limitBytes) && limitBytes > 0
    ? { usedBytes, limitBytes }
    : null;
}

function fuller(one: NodeMemory | null, other: NodeMemory | null): NodeMemory | null {
  if (one === null || other === null) return one ?? other;
  return other.usedBytes / other.limitBytes > one.usedBytes / one.limitBytes ? other : one;
}
