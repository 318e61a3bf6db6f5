import type { Clock } from '../ports/clock.interface';
import type { BatchEncoder } from './request/encoded-batch';

export interface RedisLockNodeOptions {
  /**
   * Put before every resource to make its key.
   *
   * @default 'lock:'
   */
  keyPrefix?: string;
  /** Shared by the nodes of a service, which are asked the same. */
  encoder?: BatchEncoder;
  /** @default the clocks of this process */
  clock?: Clock;
  /**
   * How many requests may wait for an answer; more fail at once.
   *
   * @default 10_000
   */
  mostInFlight?: number;
  /**
   * How far the clock of the server may get ahead of ours before that is told, in milliseconds.
   *
   * @default 100
   */
  clockBudgetMs?: number;
  /**
   * How long a sign of life may take when a connection may be dead, in milliseconds.
   *
   * @default 500
   */
  nodeTimeoutMs?: number;
  /** The largest ttl of any lock, in milliseconds. Without it servers are asked for their time as often at rest as at work. */
  maxTtlMs?: number;
}
