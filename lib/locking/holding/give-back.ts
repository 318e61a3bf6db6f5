import type { Redlock } from '../../core/redlock';
import type { Clock } from '../../ports/clock.interface';
import type { CheckedLockOptions } from '../api/complete-lock-options';
import type { WonLease } from '../waiting/handover-budget';
import { changeHands } from './change-hands';
import { type End, endLease } from './end-lease';
import type { Settle } from './former-holders';
import type { Renewal } from './renewal';

/** A lock whose holder is done with it. */
interface Ended {
  readonly options: CheckedLockOptions;
  /** The way in which the lock ends, as it is at this moment. */
  readonly howItEnds: End;
}

interface Around {
  readonly clock: Clock;
  readonly redlock: Redlock;
}

/**
 * Gives the lease of a lock to the next caller of this process: as it is, or by a hand-over. If there is none,
 * releases it.
 *
 * @param settle receives the answer of the nodes, or that they did not answer in time
 */
export function giveBack(win: WonLease, lock: Ended, renewal: Renewal, around: Around, settle: Settle): void {
  if (!win.budget.isTimeToRead || win.place.followers === 0) giveOn(win, lock, renewal, around, settle);
  else {
    around.clock.afterArrivedReplies(() => {
      giveOn(win, lock, renewal, around, settle);
    });
  }
}

function giveOn(win: WonLease, lock: Ended, renewal: Renewal, around: Around, settle: Settle): void {
  if (renewal.mayChangeHands && hasChangedHands(win, lock, renewal, around, settle)) return;
  // An extension under way would put the key back (R10).
  renewal.whenDone(() => {
    if (!hasChangedHands(win, lock, renewal, around, settle))
      endLease(win, lock.howItEnds, around, renewal.forAll(settle));
  });
}

function hasChangedHands(
  win: WonLease,
  lock: Ended,
  renewal: Renewal,
  { clock }: Around,
  settle: Settle,
): boolean {
  if (win.place.followers === 0) return false;
  const { keepMs, isLost } = lock.howItEnds;
  return keepMs <= 0 && !isLost && changeHands(win, lock.options, renewal, clock, settle);
}
