import type { AsyncResource } from 'node:async_hooks';
import type { LockLimits } from '../api/complete-lock-options';
import type { TurnsOwed } from '../waiting/turns-owed';
import type { Handover } from '../waiting/handover-budget';
import type { WaitingLine } from '../waiting/waiting-line';
import type { KeepAlive } from './keep-alive';
import type { LockReports } from './lock-reports';
import type { RenewalSetup } from './renewal';

/**
 * The parts that the locks of one service share.
 *
 * @typeParam L the class of the locks
 */
export interface LockSurroundings<L> extends RenewalSetup {
  readonly keepAlive: KeepAlive;
  readonly turnsOwed: TurnsOwed;
  /** The lines in which a lock stands until it is over. */
  readonly line: WaitingLine<Handover>;
  readonly limits: LockLimits;
  readonly reports: LockReports;
  /**
   * Called when the nodes have answered the release, or had their time to; and when the lock was left to another
   * process.
   */
  readonly onEnded: (lock: L) => void;
}

/** The facts at the end of a lock, for listeners of events. */
export interface HeldFacts {
  readonly context: AsyncResource | undefined;
  readonly heldMs: number;
  readonly validityMs: number;
}
