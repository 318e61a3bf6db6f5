import type { Clock } from '../ports/clock.interface';
import type { BatchEncoder } from './request/encoded-batch';

export interface RedisLockNodeOptions {
  /**
   * The text before every resource in the name of its key.
   *
   * @default 'lock:'
   */
  keyPrefix?: string;
  /**
   * True if no other node is asked for the same. Then the client and this server can work at the same time. With several
   * servers, the others work while the client asks the next.
   *
   * @default false
   */
  isOnly?: boolean;
  /** The encoder that the nodes of a service share, since they get the same requests. */
  encoder?: BatchEncoder;
  /**
   * The clock.
   *
   * @default the clocks of this process
   */
  clock?: Clock;
  /**
   * The most requests that may wait for an answer. More requests fail at once.
   *
   * @default 10_000
   */
  mostInFlight?: number;
  /**
   * The clock of the server may get ahead of ours by this much before it is reported, in milliseconds.
   *
   * @default 100
   */
  clockBudgetMs?: number;
  /**
   * The longest time in milliseconds that a sign of life may take when a connection may be dead.
   *
   * @default 500
   */
  nodeTimeoutMs?: number;
  /**
   * The largest ttl of any lock, in milliseconds. Without it, servers are asked for their time as often when there
   * is no lock as when there are some.
   */
  maxTtlMs?: number;
}
