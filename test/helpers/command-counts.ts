import type { RedisServer } from './redis-server';

export type CommandCounts = Record<string, number>;

/** What looking at the server itself costs, and what a connection sends to be ready. */
const ASIDE = new Set([
  'info',
  'config|resetstat',
  'script|load',
  'client|setinfo',
  'client|setname',
  'command|docs',
  'hello',
  'select',
  'ping',
  'auth',
]);

/** How often the server ran each command since `before`, for clients and within scripts. */
export async function commandCounts(server: RedisServer, before: CommandCounts = {}): Promise<CommandCounts> {
  const info = String(await server.command('INFO', 'commandstats'));
  const counts: CommandCounts = {};
  for (const [, name = '', calls] of info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    const since = Number(calls) - (before[name] ?? 0);
    if (since > 0 && !ASIDE.has(name)) counts[name] = since;
  }
  return counts;
}
