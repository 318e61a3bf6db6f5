import type { NodeMemory } from '../../ports/lock-node.interface';
import type { ServerClient } from '../client/server-client.interface';
import { type InfoLines, infoLines } from './info-lines';

/**
 * How full the servers of a node are: the fullest, since the locks of its slots are refused first. Null where none has a
 * limit.
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

/** What INFO says of it; a `limitBytes` of 0 is none. Undefined where it says nothing. */
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
