import type { ServerFacts } from '../../ports/lock-node.interface';
import { type InfoLines, infoLines } from './info-lines';
import { RedisNodeError } from '../client/redis-node-error';
import { productOf } from './server-product';

/** The facts that `INFO` tells of a server. Some are missing behind proxies and in other products. */
export interface ServerInfo {
  readonly facts: ServerFacts | undefined;
  /** The role: `master`, `slave`, … */
  readonly role: string | undefined;
  /** True for a master that has never been a replica, so it took over from nobody. */
  readonly isMasterFromBirth: boolean;
  /**
   * The id of the data that a master had copied when it was a replica (`master_replid2`). Undefined for a replica, for a
   * master that was none, and where the server has dropped the id since.
   */
  readonly copiedFrom: string | undefined;
  /** The clock of the server, in microseconds since 1970. */
  readonly timeMicros: number | undefined;
  /** True for a server of a Redis Cluster. */
  readonly keepsSlots: boolean;
  /** True while it reads its data from disk. Until it has, it refuses everything. */
  readonly isLoading: boolean;
}

/** The info of a server that may not be asked. */
export const UNKNOWN_SERVER: ServerInfo = {
  facts: undefined,
  role: undefined,
  isMasterFromBirth: false,
  copiedFrom: undefined,
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
    copiedFrom: copiedFrom(lines),
    timeMicros: positive(lines.server_time_usec),
    keepsSlots: lines.cluster_enabled === '1',
    isLoading: lines.loading === '1',
  };
}

/** Tells if a master has never been a replica. A promoted replica keeps the id of its master's history as second id. */
export function isMasterFromBirth({ role, master_replid2: second }: InfoLines): boolean {
  return role === 'master' && /^0+$/.test(second ?? '');
}

function copiedFrom({ role, master_replid2: second }: InfoLines): string | undefined {
  return role === 'master' && second !== undefined && !/^0*$/.test(second) ? second : undefined;
}

/**
 * Tells if a master was a replica since it was asked before, although it was not started again. If it has copied its
 * master, it has forgotten its own locks; whether it has, it does not tell.
 */
export function wasReplicaSince(before: ServerInfo | undefined, now: ServerInfo): boolean {
  return now.copiedFrom !== undefined && now.copiedFrom !== before?.copiedFrom;
}

/** The reason why the server must not be used now. A replica has only a copy, and takes no locks. */
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
    // The least uptime. It is the difference of two times without fractions, and below 0 if the clock was set
    // back.
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
