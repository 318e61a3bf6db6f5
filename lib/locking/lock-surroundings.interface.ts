import type { AsyncResource } from 'node:async_hooks';
import type { LockLimits } from './check-lock-options';
import type { Courtesy } from './courtesy';
import type { LeaseKeeper } from './lease-keeper';
import type { HeldLock } from './lock';
import type { LockReports } from './lock-reports';
import type { RenewalSetup } from './renewal';

/** What the locks of one service share. */
export interface LockSurroundings extends RenewalSetup {
  readonly keeper: LeaseKeeper;
  readonly courtesy: Courtesy;
  readonly limits: LockLimits;
  readonly reports: LockReports;
  /** The nodes have answered its release, or had their time to; or it was left to another process. */
  readonly onEnded: (lock: HeldLock) => void;
}

/** At the end of a lock, for those who watch. */
export interface HeldFacts {
  readonly context: AsyncResource | undefined;
  readonly heldMs: number;
  readonly validityMs: number;
}
