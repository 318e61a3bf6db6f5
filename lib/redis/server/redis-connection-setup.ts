import type { Clock } from '../../ports/clock.interface';
import type { NodeStatusChange } from '../../ports/lock-node.interface';
import type { RedisNodeDescription } from '../client/redis-node-description.interface';
import type { Server } from '../client/server-client.interface';

export const DEFAULTS = {
  /** The number is limited, so that a server that is too slow does not make us keep more and more requests (R18). */
  mostInFlight: 10_000,
  clockBudgetMs: 100,
  nodeTimeoutMs: 500,
};

export interface RedisConnectionSetup {
  readonly description: RedisNodeDescription;
  readonly clock: Clock;
  /**
   * The most requests without an answer.
   *
   * @default 10_000
   */
  readonly mostInFlight?: number;
  /**
   * The clock of a server may get ahead of ours by this much, in milliseconds.
   *
   * @default 100
   */
  readonly clockBudgetMs?: number;
  /**
   * The longest time in milliseconds that a sign of life may take when the connection may be dead.
   *
   * @default 500
   */
  readonly nodeTimeoutMs?: number;
  /**
   * The largest ttl of any lock, in milliseconds. Without it, servers are asked for their time as often when there
   * is no lock as when there are some.
   */
  readonly maxTtlMs?: number;
  /** True if a replica may be used, for callers that only read. */
  readonly takesReplicas?: boolean;
  /**
   * Called when a connection to a server is ready, before any request is sent on it. A cluster has several
   * servers.
   */
  onServerReady(server: Server): void;
  /**
   * Called when a server may be used on its new connection, before the node goes up. Words that are long must not leave
   * earlier: a server that wants a password breaks the connection at an argument of more than 16 kB, and so nobody
   * would hear what it wants.
   */
  onServerKnown?(server: Server): void;
  onStatus(change: NodeStatusChange): void;
}
