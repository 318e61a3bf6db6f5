import type { Clock } from '../../ports/clock.interface';
import type { Lease } from '../../core/lease';
import type { Redlock } from '../../core/redlock';
import { LockLostError } from '../../errors/lock-lost.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import { checkTtlWithin, completeLockOptions } from '../api/complete-lock-options';
import type { CheckedLockOptions, LockLimits } from '../api/complete-lock-options';
import type { HeldLock } from './held-lock';
import type { LockReports } from './lock-reports';
import type { LockOptions, ResumeOptions } from '../api/lock-options';
import { checkTicket, type CheckedTicket } from '../api/check-ticket';
import { readOptions } from '../../errors/read-options';
import type { Look, Retries } from '../waiting/retries';
import { HandoverBudget, type WonLease } from '../waiting/handover-budget';
import { inNoLine } from './once-won';

interface ResumeSetup {
  readonly redlock: Redlock;
  readonly clock: Clock;
  readonly retries: Retries;
  readonly limits: LockLimits;
  readonly defaults: LockOptions;
  readonly reports: LockReports;
  /** Makes a lock of a lease that is ours again. */
  heldLock(win: WonLease, options: CheckedLockOptions): HeldLock;
}

/** Goes on with a lock that was detached, if a quorum still has it. */
export async function resume(given: unknown, how: unknown, setup: ResumeSetup): Promise<HeldLock> {
  const ticket = checkTicket(given);
  const options = checkOptions(how, ticket, setup);
  const { clock, retries, reports } = setup;
  const { resources } = ticket.left;
  const context = reports.context();
  const startedAtMs = clock.now();
  const waitedMs = () => clock.now() - startedAtMs;
  try {
    const lease = await retries.until(options, () => look(ticket, options.ttlMs, setup, waitedMs));
    const lock = setup.heldLock(winOf(lease, clock), options);
    reports.within(context, () => {
      reports.resumed(lease, waitedMs(), lock.remainingMs);
    });
    return lock;
  } catch (error) {
    reports.within(context, () => {
      reports.failed(error, resources, waitedMs());
    });
    throw error;
  }
}

function checkOptions(
  given: unknown,
  { ttlMs }: CheckedTicket,
  { defaults, limits }: ResumeSetup,
): CheckedLockOptions {
  const options = given === undefined ? {} : readOptions(given, RESUME_OPTIONS, PLACE);
  if (options.ttl === undefined) checkTtlWithin(ttlMs, limits, 'ticket.');
  return completeLockOptions({ ttl: ttlMs, ...options }, defaults, limits);
}

/** Asks the nodes once if the lock of a ticket is still there. If it is, it is kept from then on. */
async function look(
  { left }: CheckedTicket,
  ttlMs: number,
  { redlock }: ResumeSetup,
  waitedMs: () => number,
): Promise<Look<Lease>> {
  const { lease, outcome } = await redlock.resume(left, ttlMs);
  if (outcome.outcome === 'extended') return { result: lease };
  const { resources } = left;
  if (outcome.outcome !== 'gone') {
    return { error: new LockUnavailableError({ resources, waitedMs: waitedMs(), votes: outcome.votes }) };
  }
  // Some nodes may still have it, and now keep it for longer. So it is released.
  redlock.release(lease, 0, ignore);
  throw new LockLostError({ resources, reason: 'gone', isTicket: true });
}

/** Treats the lease as one that was won, with a place in no line: the callers of this process wait for the nodes. */
function winOf(lease: Lease, clock: Clock): WonLease {
  return { lease, confirmation: undefined, place: inNoLine(), budget: HandoverBudget.startingAt(clock, 0) };
}

const RESUME_OPTIONS = [
  ...(['ttl', 'wait', 'signal'] as const),
  ...(['autoExtend', 'maxHold', 'holdAtLeast'] as const),
] satisfies (keyof ResumeOptions)[];

const PLACE = { name: 'options', what: ' of lock options', each: 'an option of resume()' };

function ignore(): void {
  // Nothing is done: the lock is lost whatever the release tells.
}
