import type { RedisNodeDescription } from '../../redis/client/redis-node-description.interface';
import { NodeClient } from '../nodes/node-client';
import { readClusterInfo, readServer, type NodeFacts, type ServerFacts } from './node-facts';
import { tryRights } from './try-rights';

/** Finds out what it can about one node. It never rejects: what cannot be found out is missing. */
export async function examine(
  description: RedisNodeDescription,
  keyPrefix: string,
  timeoutMs: number,
): Promise<NodeFacts> {
  const node = new NodeClient(description, timeoutMs);
  const about = { node: description.name, isCluster: node.isCluster };
  try {
    await node.settle();
    const error = await whyUnusable(node);
    if (error !== undefined) return { ...about, error, servers: [], refusals: [] };
    const servers: ServerFacts[] = [];
    for (const server of node.masters) servers.push(await readServer(node, server));
    const cluster = about.isCluster ? await readClusterInfo(node) : undefined;
    const refusals = await tryRights(description, keyPrefix, timeoutMs);
    return { ...about, servers, cluster, refusals };
  } finally {
    await node.close();
  }
}

/** The codes with which servers refuse a ping and answer other questions. The findings about these say more. */
const REFUSED_PING = ['NOPERM', 'MISCONF', 'MASTERDOWN'];

/** The reason why the node cannot be used. A user without the right to ping can still be of use. */
async function whyUnusable(node: NodeClient): Promise<string | undefined> {
  try {
    await node.ask(() => node.client.send('ping'));
    return undefined;
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    // Valkey permits databases one by one. In a forbidden database the user can do nothing at all.
    const isRefusedPing = code !== undefined && REFUSED_PING.includes(code);
    return isRefusedPing && !message.includes('access database') ? undefined : message;
  }
}
