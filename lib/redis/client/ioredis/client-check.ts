import type { Cluster, Redis, RedisOptions } from './ioredis';
import { checkServer, checkShownNames } from './redis-options-check';
import type { Refuse } from './redis-url';

/**
 * Checks the options of a client that the user made. ioredis accepts a URL as host, but the host of a node is
 * shown in errors, events, logs and health checks, together with any password in it.
 */
export function checkClient(client: Redis | Cluster, refuse: Refuse): void {
  if (!client.isCluster) {
    checkShownNames(client.options, refuse);
    return;
  }
  const { options, startupNodes } = client as Cluster & { startupNodes?: unknown };
  const { redisOptions = {}, natMap } = options as { redisOptions?: RedisOptions; natMap?: unknown };
  const { keyPrefix = redisOptions.keyPrefix } = options;
  // ioredis gives such a cluster up, also where the server has several databases, and keeps the reason to itself.
  const database: unknown = redisOptions.db ?? 0;
  if (Number(database) !== 0)
    refuse('names a database (`redisOptions.db`); of a Redis Cluster only database 0 can be used.');
  checkShownNames({ ...redisOptions, keyPrefix, natMap } as RedisOptions, refuse);
  for (const entry of Array.isArray(startupNodes) ? (startupNodes as unknown[]) : []) {
    if (typeof entry === 'object' && entry !== null) checkServer(entry, refuse);
  }
}
