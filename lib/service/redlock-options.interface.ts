import type { RestartGuard } from '../core/node-guard';
import type { LockOptions } from '../locking/api/lock-options';
import type { WithLockOnBusy } from '../locking/api/with-lock-options';
import type { RedlockNodeInput } from '../nodes/lock-node-input';

/** Default options of locks. All durations are in milliseconds. */
export interface RedlockDefaults extends Omit<LockOptions, 'signal'> {
  /**
   * The result of a busy `withLock`, `@Locked` method or `LockInterceptor` without an `onBusy` of its own:
   * `'throw'`, `'skip'`, or a function of the `LockBusyError`. It has no effect on `tryAcquire` and `acquire`.
   *
   * Tell the compiler with `interface LockDefaults { onBusy: 'skip' }`, as for `fencing`; see `LockFor`.
   *
   * @default 'throw'
   */
  onBusy?: WithLockOnBusy | undefined;
}

/** Options of a lock service. All durations are in milliseconds. */
export interface RedlockOptions {
  /**
   * The nodes: independent masters, not replicas of each other. 1, 3 or 5; with an even number one more is needed
   * for a majority and no more failures are survived.
   */
  nodes: readonly RedlockNodeInput[];

  /**
   * Put before every resource to make its key in Redis, and before the names of fencing counters. Nothing is written
   * outside of it.
   *
   * @default 'lock:'
   */
  keyPrefix?: string | undefined;

  /**
   * The longest wait for one node's vote. Small against every ttl, and larger than a round trip.
   *
   * @default 500
   */
  nodeTimeout?: number | undefined;

  /**
   * The largest ttl that any lock may ask for, in any process. A node that may have forgotten locks does not grant for
   * this long; see `restartGuard`.
   *
   * @default 60_000
   */
  maxTtl?: number | undefined;

  /**
   * Which nodes are guarded. A node that was restarted without its data would grant what somebody else still holds. So
   * a guarded node does not grant for `maxTtl`; it still confirms the locks that it has.
   *
   * - `observed`: nodes that this process saw restart, or fail over; and nodes that are younger than the others when
   *   it first sees them. A fleet that was started together a moment ago is not guarded
   * - `strict`: also every node that has run for less than `maxTtl`, even if all nodes have
   * - `false`: none, for servers that write every change to disk (`appendonly yes`, `appendfsync always`)
   *
   * With every value, a node whose clock ran ahead is guarded for as long, since no disk helps against that.
   *
   * @default 'observed'
   */
  restartGuard?: RestartGuard | undefined;

  /**
   * The time for which the nodes remember a fencing counter that nobody raises, at least twice `maxTtl`. There are
   * at most 16,384 counters, which resources share.
   *
   * @default 86_400_000 (24 hours)
   */
  fencingTtl?: number | undefined;

  /**
   * The time that closing the service (shutting down the application) waits for the holders of locks, before it
   * takes their locks away. Nest closes the service after the last open response. So a client of server-sent
   * events that stays connected delays this without a limit; `forceCloseConnections` of Nest closes its
   * connection.
   *
   * @default 10_000
   */
  shutdownTimeout?: number | undefined;

  /** The default options of all locks. */
  defaults?: RedlockDefaults | undefined;
}
