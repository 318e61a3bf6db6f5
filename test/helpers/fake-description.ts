import type { RedisNodeDescription } from '../../lib/redis/client/ioredis/redis-connections';

/** A node that opens what a test hands out, without credentials, and is connected again after 50 ms. */
export function fakeDescription(
  parts: Partial<Omit<RedisNodeDescription, 'open'>> & { open: () => unknown },
): RedisNodeDescription {
  return {
    ...{ name: 'n', address: 'n', secrets: [], sentinels: [] },
    prepare: () => undefined,
    reconnectDelayMs: () => 50,
    ...parts,
  } as RedisNodeDescription;
}
