import type { ServerFacts } from '../core/lock-node.interface';

/** What `INFO` says of a server, as far as it says it: proxies and other products leave things out. */
export interface ServerInfo {
  readonly facts: ServerFacts | undefined;
  /** `master`, `slave`, … */
  readonly role: string | undefined;
  /** Its clock, in microseconds since 1970. */
  readonly timeMicros: number | undefined;
}

/** Of a server that may not be asked. */
export const UNKNOWN_SERVER: ServerInfo = { facts: undefined, role: undefined, timeMicros: undefined };

export function parseServerInfo(reply: unknown): ServerInfo {
  if (typeof reply !== 'string') return UNKNOWN_SERVER;
  const fields = new Map<string, string>();
  for (const line of reply.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return {
    facts: factsFrom(fields),
    role: fields.get('role'),
    timeMicros: positive(fields.get('server_time_usec')),
  };
}

function factsFrom(fields: ReadonlyMap<string, string>): ServerFacts | undefined {
  const runId = fields.get('run_id');
  const uptimeSeconds = Number(fields.get('uptime_in_seconds') ?? NaN);
  if (runId === undefined || runId === '' || !Number.isFinite(uptimeSeconds)) return undefined;
  const policy = fields.get('maxmemory_policy');
  const evicts = policy !== undefined && policy !== 'noeviction' && positive(fields.get('maxmemory'));
  const aof = fields.get('aof_enabled');
  return {
    runId,
    // At the least. It is the difference of two times without fractions; below 0 when the clock was set back.
    uptimeMs: Math.max(0, (uptimeSeconds - 1) * 1_000),
    ...(evicts ? { evicts: policy } : {}),
    ...(aof === undefined ? {} : { persists: aof === '1' }),
  };
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text ?? NaN);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
