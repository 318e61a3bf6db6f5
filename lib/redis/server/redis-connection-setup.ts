import type { Clock } from '../../ports/clock.interface';
import type { NodeStatusChange } from '../../ports/lock-node.interface';
import type { RedisNodeDescription } from '../client/redis-node-description.interface';
import type { Server } from '../client/server-client.interface';

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
  onServerReady(server: Server): void;
  onStatus(change: NodeStatusChange): void;
}
