import type { ServerFacts } from '../../ports/lock-node.interface';
import { type InfoLines, infoLines } from './info-lines';
import { RedisNodeError } from '../client/redis-node-error';
import { productOf } from './server-product';

/** What `INFO` says of a server, as far as it says it: proxies and other products leave things out. */
export interface ServerInfo {
  readonly facts: ServerFacts | undefined;
  /** `master`, `slave`, … */
  readonly role: string | undefined;
  /** A master that has never been a replica: it took over from nobody. */
  readonly isMasterFromBirth: boolean;
  /** Its clock, in microseconds since 1970. */
  readonly timeMicros: number | undefined;
  /** Whether it is a server of a Redis Cluster. */
  readonly keepsSlots: boolean;
  /** It reads its data from disk, and refuses everything until it has. */
  readonly isLoading: boolean;
}

/** The info of a server that may not be asked. */
export const UNKNOWN_SERVER: ServerInfo = {
  facts: undefined,
  role: undefined,
  isMasterFromBirth: false,
  timeMicros: undefined,
  keepsSlots: false,
  isLoading: false,
};

export function parseServerInfo(reply: unknown): ServerInfo {
  if (typeof reply !== 'string') return UNKNOWN_SERVER;
  const lines = infoLines(reply);
  return {
    facts: factsFrom(lines),
    role: lines.role,
    isMasterFromBirth: isMasterFromBirth(lines),
    timeMicros: positive(lines.server_time_usec),
    keepsSlots: lines.cluster_enabled === '1',
    isLoading: lines.loading === '1',
  };
}

/** Whoever is promoted goes on with the history of its master, whose id the second one is. */
export function isMasterFromBirth({ role, master_replid2: second }: InfoLines): boolean {
  return role === 'master' && /^0+$/.test(second ?? '');
}

/**
 * Whether a server that answers `INFO` so will never answer it: the user may not ask, or the command was renamed, or a
 * proxy does not know it. Everything else passes: it loads its data, or a script keeps it busy.
 */
export function isInfoRefused({ message }: Error): boolean {
  return /^NOPERM\b|\b(?:unknown|unsupported|disabled) command\b|\binvalid request\b|\bcommand\b.*\bnot (?:allowed|supported)\b/i.test(
    message,
  );
}

/** Why the server must not be used now. What a replica has is a copy, and it takes no locks. */
export function objectionTo(
  { role = 'master', isLoading }: ServerInfo,
  takesReplicas: boolean,
): RedisNodeError | undefined {
  if (isLoading) return new RedisNodeError('the server is loading its data', 'LOADING');
  if (role === 'master' || takesReplicas) return undefined;
  return new RedisNodeError(
    'the server is a replica; list masters only, or use the options of ioredis for Sentinel',
    'REPLICA',
  );
}

function factsFrom(lines: InfoLines): ServerFacts | undefined {
  const { run_id: runId, maxmemory_policy: policy, aof_enabled: aof } = lines;
  const uptimeSeconds = Number(lines.uptime_in_seconds ?? NaN);
  if (runId === undefined || runId === '' || !Number.isFinite(uptimeSeconds)) return undefined;
  const evicts = policy !== undefined && policy !== 'noeviction' && positive(lines.maxmemory);
  return {
    runId,
    // At the least. It is the difference of two times without fractions; below 0 when the clock was set back.
    uptimeMs: Math.max(0, (uptimeSeconds - 1) * 1_000),
    ...(evicts ? { evicts: policy } : {}),
    ...(aof === undefined ? {} : { persists: aof === '1' }),
    ...(lines.redis_version === undefined ? {} : { product: productOf(lines) }),
  };
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text ?? NaN);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
