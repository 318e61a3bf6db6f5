import type { NodeMemory } from '../../ports/lock-node.interface';
import type { ServerClient } from '../client/server-client.interface';
import { type InfoLines, infoLines } from './info-lines';

/**
 * The memory of the fullest server of a node, since the locks in its slots are refused first. Null if no server
 * has a limit.
 */
export async function readMemory(client: ServerClient): Promise<NodeMemory | null> {
  const each = await Promise.all(
    client
      .masters()
      .map(async (server) => memoryIn(infoLines(String(await server.send('info', ['memory']))))),
  );
  const limited = each.flatMap((one) => (one !== undefined && one.limitBytes > 0 ? [one] : []));
  return limited.reduce<NodeMemory | null>(fuller, null);
}

/** The memory in `INFO`. A `limitBytes` of 0 means no limit. Undefined if `INFO` does not tell. */
export function memoryIn({ used_memory: used, maxmemory: limit }: InfoLines): NodeMemory | undefined {
  const [usedBytes, limitBytes] = [Number(used ?? NaN), Number(limit ?? NaN)];
  return Number.isSafeInteger(usedBytes) && Number.isSafeInteger(limitBytes)
    ? { usedBytes, limitBytes }
    : undefined;
}

function fuller(one: NodeMemory | null, other: NodeMemory): NodeMemory {
  if (one === null) return other;
  return other.usedBytes / other.limitBytes > one.usedBytes / one.limitBytes ? other : one;
}
