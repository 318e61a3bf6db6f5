import type { Cluster, Redis } from 'ioredis';
import { IoredisClient } from '../../lib/redis/client/ioredis/ioredis-client';
import { IoredisCluster } from '../../lib/redis/client/ioredis/ioredis-cluster';
import type { ConnectionWays } from '../../lib/redis/client/ioredis/keep-connected';
import type { ServerClient } from '../../lib/redis/client/server-client.interface';

/** A client of ioredis, or what a test has in its place, as the rest of `redis/` sees it. */
export function serverClientOf(client: unknown, ways: Partial<ConnectionWays> = {}): ServerClient {
  const { isCluster } = client as Redis | Cluster;
  const all = { prepare: () => undefined, reconnectDelayMs: () => 50, ...ways };
  return isCluster ? new IoredisCluster(client as Cluster, all) : new IoredisClient(client as Redis, all);
}
