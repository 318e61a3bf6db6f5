import type { Attempt } from '../../core/attempt';
import type { Admission } from './admission';
import type { BackoffSetup } from './wait-for-release';
import type { Call } from './lock-call';
import type { Contender } from './acquisition';
import type { Courtesy } from './turns-owed';
import type { HeldLock } from '../holding/held-lock';
import type { Turn, Win } from './handover-budget';
import type { PlaceInLine, WaitingLine } from './waiting-line';

/** What the calls and contenders of one service share. */
export interface Arena extends BackoffSetup {
  readonly admission: Admission;
  readonly line: WaitingLine<Turn>;
  readonly courtesy: Courtesy;
  readonly contend: (call: Call) => Contender;
  /** Makes a lock of what was won. */
  hand(win: Win, contender: Contender): HeldLock;
  /** It is over without a lock. */
  failed(error: unknown, contender: Contender): void;
  /** Takes over an attempt whose caller went away, and leaves the place when the nodes have answered. */
  discard(attempt: Promise<Attempt>, place: PlaceInLine<Turn>): void;
}
