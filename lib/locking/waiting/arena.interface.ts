import type { Attempt } from '../../core/attempt';
import type { Admission } from './admission';
import type { WaitForReleaseSetup } from './wait-for-release';
import type { LockCall } from './lock-call';
import type { Acquisition } from './acquisition';
import type { TurnsOwed } from './turns-owed';
import type { HeldLock } from '../holding/held-lock';
import type { Handover, WonLease } from './handover-budget';
import type { PlaceInLine, WaitingLine } from './waiting-line';

/** What the calls and contenders of one service share. */
export interface Arena extends WaitForReleaseSetup {
  readonly admission: Admission;
  readonly line: WaitingLine<Handover>;
  readonly courtesy: TurnsOwed;
  readonly contend: (call: LockCall) => Acquisition;
  /** Makes a lock of what was won. */
  hand(win: WonLease, contender: Acquisition): HeldLock;
  /** It is over without a lock. */
  failed(error: unknown, contender: Acquisition): void;
  /** Takes over an attempt whose caller went away, and leaves the place when the nodes have answered. */
  discard(attempt: Promise<Attempt>, place: PlaceInLine<Handover>): void;
}
