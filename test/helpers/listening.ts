import type { RedisServer } from './redis-server';
import { until } from './until';

/** How many connections hear what is told there. */
export async function listening(server: RedisServer, channel: string): Promise<number> {
  const [, count] = (await server.command('PUBSUB', 'NUMSUB', channel)) as [string, number];
  return count;
}

/** Somebody listens on each server to the releases of a resource: it waits, or is just about to. */
export async function untilWaitedFor(servers: readonly RedisServer[], resource: string): Promise<void> {
  await until(`somebody listens to releases of ${resource} everywhere`, async () => {
    const counts = await Promise.all(servers.map((server) => listening(server, `lock:${resource}`)));
    return counts.every((count) => count === 1);
  });
}
