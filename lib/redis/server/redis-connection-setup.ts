import type { Redis } from 'ioredis';
import type { Clock } from '../../ports/clock.interface';
import type { NodeStatusChange } from '../../ports/lock-node.interface';
import type { RedisNodeDescription } from '../client/ioredis/redis-connections';

export const DEFAULTS = {
  /** A server that is too slow to answer must not make us remember ever more requests (R18). */
  mostInFlight: 10_000,
  clockBudgetMs: 100,
  nodeTimeoutMs: 500,
};

export interface RedisConnectionSetup {
  readonly description: RedisNodeDescription;
  readonly clock: Clock;
  /** @default 10_000 */
  readonly mostInFlight?: number;
  /**
   * How far the clock of a server may get ahead of ours, in milliseconds.
   *
   * @default 100
   */
  readonly clockBudgetMs?: number;
  /**
   * How long a sign of life may take when the connection may be dead, in milliseconds.
   *
   * @default 500
   */
  readonly nodeTimeoutMs?: number;
  /** The largest ttl of any lock, in milliseconds. Without it servers are asked for their time as often at rest as at work. */
  readonly maxTtlMs?: number;
  /** Whether a replica is good enough, for callers that only read. */
  readonly takesReplicas?: boolean;
  /** A connection to a server is ready, before any request is sent on it. A cluster has several. */
  onServerReady(server: Redis): void;
  onStatus(change: NodeStatusChange): void;
}

/** What both kinds of client have and we use. Their overloads are the same, yet TypeScript cannot merge them. */
export type CommandClient = Pick<Redis, 'set' | 'evalsha' | 'eval' | 'sendCommand' | 'isCluster'>;
