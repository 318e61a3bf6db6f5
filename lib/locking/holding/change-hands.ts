import type { Lease } from '../../core/lease';
import { remainingMs } from '../../core/validity';
import type { Clock } from '../../ports/clock.interface';
import type { WonLease } from '../waiting/handover-budget';
import type { Ended } from './ended.interface';
import type { Settle } from './former-holders';

type Successor = NonNullable<WonLease['place']['successor']>;

/** The conditions under which the next caller gets a lease as it is (R37). */
export const asItIs = {
  /**
   * The next caller asked for the lease in exactly the same way, and needs neither a fencing token nor a line on
   * the nodes.
   */
  isWanted({ label, ttlMs, sharing, inherited }: Lease, by: Successor): boolean {
    const isPlain = sharing === undefined && inherited === undefined;
    const wantsPlain = by.kind === undefined && by.isFair !== true && by.autoExtend;
    return isPlain && wantsPlain && label === by.label && ttlMs === by.ttlMs;
  },

  /** There is no fencing token, since that belongs to one holder. */
  hasNoNumber({ fencingToken }: Lease, by: Successor): boolean {
    return fencingToken === undefined && !by.fencing;
  },

  /**
   * At least half of the ttl is certain. So the next caller has about what it asked for, and its first extension
   * may fail without harm.
   */
  isCertain(lease: Lease, clock: Clock): boolean {
    return remainingMs(clock, lease) >= lease.ttlMs / 2;
  },
};

/**
 * Gives a lease to the next caller of this process as it is, if that caller asked for the same in the same way.
 * Nothing changes on the nodes, so nobody waits for them. One question to the nodes still finds out if the lease
 * was there, for all callers that had it since the last question.
 *
 * @returns true if it has a new holder
 */
export function changeHands(lock: Ended, clock: Clock, settle: Settle): boolean {
  const { lease, place, budget, options } = lock;
  const successor = place?.successor;
  if (successor === undefined || !options.autoExtend || lock.ttlMs !== lease.ttlMs) return false;
  if (!asItIs.isWanted(lease, successor) || !asItIs.hasNoNumber(lease, successor)) return false;
  if (!asItIs.isCertain(lease, clock) || !budget.mayGoOnAsIs(clock.now())) return false;
  // While too few nodes answer, every holder of the lease would be told `unknown`. So it does not change hands
  // then.
  if (lock.renewal?.isDoubtful === true) return false;
  const renewal = lock.renewing();
  renewal.changeHands(settle, () => {
    lock.leaveLine({ lease, budget: budget.next(clock.now()), renewal });
  });
  return true;
}
