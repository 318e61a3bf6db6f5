import { commandCounts, type CommandCounts } from './command-counts';
import type { RedisServer } from './redis-server';
import { until } from './until';

/** How often servers were asked for something; what scripts run besides `SET` does not count. */
export async function requestsTo(servers: readonly RedisServer[]): Promise<number> {
  const counts = await Promise.all(servers.map((server) => commandCounts(server)));
  return counts.reduce((total, one) => total + requestsIn(one), 0);
}

export function requestsIn(counts: CommandCounts): number {
  return (counts['set'] ?? 0) + (counts['evalsha'] ?? 0) + (counts['eval'] ?? 0);
}

/** None of the servers was asked anything for a while: what was set off is over, or sleeps. */
export async function untilQuiet(servers: readonly RedisServer[]): Promise<void> {
  let before = -1;
  await until('no node is asked', async () => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return before === (before = await requestsTo(servers));
  });
}
