import type { Lease } from '../../core/lease';
import { remainingMs } from '../../core/validity';
import type { Clock } from '../../ports/clock.interface';
import type { CheckedLockOptions } from '../checks/complete-lock-options';
import type { WonLease } from '../waiting/handover-budget';
import type { Settle } from './former-holders';
import type { Renewal } from './renewal';

type Successor = NonNullable<WonLease['place']['successor']>;

/** What a lease has to be for the next caller to get it as it is (R37). */
export const asItIs = {
  /** That one asked for it in just the same way, and for nothing that only the nodes can give, or a line on them. */
  isWanted({ label, ttlMs, sharing, inherited }: Lease, by: Successor): boolean {
    const isPlain = sharing === undefined && inherited === undefined;
    const wantsPlain = by.kind === undefined && by.isFair !== true && by.autoExtend;
    return isPlain && wantsPlain && label === by.label && ttlMs === by.ttlMs;
  },

  /** A number belongs to one holder. */
  hasNoNumber({ fencingToken }: Lease, by: Successor): boolean {
    return fencingToken === undefined && !by.fencing;
  },

  /** The next caller has about what it asked for from the start, and its first extension may fail without harm. */
  isCertain({ validity, ttlMs }: Lease, clock: Clock): boolean {
    return remainingMs(clock, validity) >= ttlMs / 2;
  },
};

/**
 * Gives a lease to the next caller of this process as it is, if that one asked for just the same: nothing changes on the
 * nodes, so nobody waits for them. They are asked all the same whether it was still there, for all callers that had it
 * since they were asked last.
 *
 * @returns whether it has a new holder
 */
export function changeHands(
  { lease, place, budget }: WonLease,
  { autoExtend }: CheckedLockOptions,
  renewal: Renewal,
  clock: Clock,
  settle: Settle,
): boolean {
  const { successor } = place;
  if (successor === undefined || !autoExtend || renewal.ttlMs !== lease.ttlMs) return false;
  if (!asItIs.isWanted(lease, successor) || !asItIs.hasNoNumber(lease, successor)) return false;
  if (!asItIs.isCertain(lease, clock) || !budget.mayGoOnAsIs(clock.now())) return false;
  // Else all who have it while too few nodes answer would be told `unknown`, turn after turn.
  if (renewal.isDoubtful) return false;
  renewal.changeHands(settle, () => {
    place.leave({ lease, budget: budget.next(clock.now()), renewal });
  });
  return true;
}
