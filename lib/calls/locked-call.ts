import { LockBusyError } from '../errors/lock-busy.error';
import type { LockLostError } from '../errors/lock-lost.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { Lock } from '../locking/api/lock.interface';
import type { Caller } from './caller';
import type { WhenLeft } from './piped-work';

/** One call under a lock: how it takes the lock, and its result without the lock. */
export interface LockedCall {
  /** @param leaving ends the waiting, since nobody needs the result any more */
  withLock<T>(task: (lock: Lock) => Promise<T>, leaving?: AbortSignal): Promise<T>;
  /** Returns a `withLock` for code that already runs under `lock`. Such code does not ask for another lock. */
  reenter(lock: Lock): Pick<LockedCall, 'withLock'>;
  /** The result of a busy call, unless it is the error. */
  readonly onBusy: 'throw' | 'skip' | ((error: LockBusyError) => unknown);
  /** The result when too few nodes answered, unless it is the error. */
  readonly onUnavailable?: 'throw' | ((error: LockUnavailableError) => unknown) | undefined;
  /** The result when the lock was lost, unless it is the error. */
  readonly onLost: 'throw' | 'ignore' | ((error: LockLostError) => unknown);
  /** The rule for an Observable whose caller leaves. */
  readonly whenLeft: WhenLeft;
  /** The request that the call answers, if it answers one. */
  readonly request?: AnsweredRequest | undefined;
  /**
   * The work that goes on under the lock after the call has its result. Undefined if there is none.
   *
   * @param outcome undefined if the call failed
   */
  goesOn?(outcome: { readonly result: unknown } | undefined): Promise<unknown> | undefined;
}

/** A request whose client may leave before it has its answer. */
export interface AnsweredRequest {
  /**
   * Calls `onGone` once; at once if the client has left already.
   *
   * @returns a function that ends the watching, for a client that stays longer than its request
   */
  watch(onGone: () => void): (() => void) | undefined;
  /** True if the call stops waiting for its lock when the client has left. */
  readonly stopsWaiting: boolean;
  /**
   * True if Nest unsubscribes from the result when the client leaves, unless the client left before Nest
   * subscribed.
   */
  readonly isStoppedByNest?: boolean;
}

/** The code that runs under the lock of a call. */
export type LockedTask<T = unknown> = (lock: Lock, caller: Caller | undefined) => T;

/** The progress of a call. */
export interface Progress {
  /** True if the method began to run. The error cannot tell that: the method may itself find another lock busy. */
  hasStarted: boolean;
  /** The lock. Missing if a test has replaced the lock service by one that gives none. */
  lock?: Lock;
  /** The result of the method, before it is known if the lock was ours to the end. */
  finished?: { readonly result: unknown };
}

/**
 * Keeps the lock after the end of a call until the work that goes on is over. The caller gets the result at once.
 * If the lock is over already, since the handler has released it or its loss is ignored, nothing is kept.
 *
 * @param outcome undefined if the call failed; its work may go on all the same
 */
export function keepFor(
  call: LockedCall,
  lock: Lock,
  outcome: { readonly result: unknown } | undefined,
): void {
  const rest = call.goesOn?.(outcome);
  if (rest !== undefined && lock.isHeld) lock.holdUntil(rest);
}

/** Stands for the result of a stream, whose values were sent as they came. */
export const NO_RESULT = Symbol('no result');

/**
 * The result of a call that failed, as its `onBusy`, `onUnavailable` and `onLost` say.
 *
 * @param skipped the result of a call that is skipped
 * @throws the error if none of them handles it; and any error that they throw
 */
export function insteadOf(error: unknown, call: LockedCall, progress: Progress, skipped?: unknown): unknown {
  const { hasStarted, lock, finished } = progress;
  if (!hasStarted) {
    if (error instanceof LockUnavailableError && typeof call.onUnavailable === 'function') {
      return call.onUnavailable(error);
    }
    if (call.onBusy === 'throw' || !(error instanceof LockBusyError)) throw error;
    return call.onBusy === 'skip' ? skipped : call.onBusy(error);
  }
  // The error is the loss of exactly this lock. It comes from the lock, or from code that stopped at its signal.
  if (call.onLost === 'throw' || lock === undefined || error !== lock.signal.reason) throw error;
  if (call.onLost !== 'ignore') return call.onLost(error as LockLostError);
  if (finished === undefined) throw error;
  return finished.result;
}
