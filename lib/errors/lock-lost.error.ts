import { LockError, nameError } from './lock.error';
import { quoteResources } from './quote-resources';

/**
 * The reason why a lock does not hold any more:
 * - `expired`: its validity ended before it could be extended (nodes silent, process stalled, `autoExtend` off)
 * - `gone`: a majority of the nodes says that it is not ours (deleted, released by force, or nodes that lost their
 *   data). Of a lock that was to be resumed: it has expired on its way, or was released
 * - `max-hold`: it was held for `maxHold`
 * - `closed`: the lock service was closed and `shutdownTimeout` is over
 * - `released`: its holder released it before
 * - `detached`: its holder left it to another process by `detach()`
 * - `too-short`: it is held, but for less than `assertHeld(minRemainingMs)` asked for
 */
export type LockLostReason =
  'expired' | 'gone' | 'max-hold' | 'closed' | 'released' | 'detached' | 'too-short';

const EXPLANATION: Record<LockLostReason, string> = {
  expired:
    'its validity ended before it could be extended. Stop what it protected; if this repeats, check the nodes and the event loop, or raise `ttl`.',
  gone: 'a majority of the nodes says that it is not ours any more. Stop what it protected, and find who deleted the key or restarted the nodes.',
  'max-hold': 'it was held for `maxHold`. Raise `maxHold`, or make the task stop at the signal.',
  closed:
    'the application shut down and `shutdownTimeout` is over. Raise `shutdownTimeout`, or make the task stop at the signal.',
  released: 'it was released before. Do not use a lock after release() or after the end of its task.',
  detached:
    'it was left to the process that resumes its ticket. Do not use a lock after detach(); go on with the one that resume() gives.',
  'too-short': 'too little of its validity is left for the next step. Extend it first, or raise `ttl`.',
};

/** The explanation for a ticket that comes too late. Nobody needs to have deleted anything for that. */
const NOT_RESUMED =
  'a majority of the nodes does not have it any more, so it cannot be resumed. Its ttl was over before the ticket arrived, or it was released. Call `lock.extend(ttl)` before detach() if tickets take longer.';

/** The lock was held and is not certain any more: somebody else may hold the resource now. HTTP 500. */
export class LockLostError extends LockError {
  readonly code = 'LOCK_LOST';
  readonly resources: readonly string[];
  readonly reason: LockLostReason;

  /** @param facts `isTicket` is true for a lock that this process did not hold: it wanted to resume it */
  constructor(facts: {
    resources: readonly string[];
    reason: LockLostReason;
    cause?: unknown;
    isTicket?: boolean;
  }) {
    const explanation = facts.isTicket === true ? NOT_RESUMED : EXPLANATION[facts.reason];
    super(`The lock on ${quoteResources(facts.resources)} is lost: ${explanation}`, { cause: facts.cause });
    this.resources = facts.resources;
    this.reason = facts.reason;
  }
}

nameError(LockLostError, 'LockLostError');
