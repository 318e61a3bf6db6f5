import { LockBusyError } from '../errors/lock-busy.error';
import type { LockLostError } from '../errors/lock-lost.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { Lock } from '../locking/api/lock.interface';
import type { Caller } from './caller';
import type { WhenLeft } from './piped-work';

/** One call of something that stands under a lock: how it takes the lock, and what it comes to without it. */
export interface LockedCall {
  /** @param leaving ends the waiting: nobody is interested any more */
  withLock<T>(task: (lock: Lock) => Promise<T>, leaving?: AbortSignal): Promise<T>;
  /** Does the same for code that runs under `lock` already: such code never asks for a lock. */
  reenter(lock: Lock): Pick<LockedCall, 'withLock'>;
  /** What the call comes to when it is busy, unless the error. */
  readonly onBusy: 'throw' | 'skip' | ((error: LockBusyError) => unknown);
  /** What it comes to when too few nodes answered, unless the error. */
  readonly onUnavailable?: 'throw' | ((error: LockUnavailableError) => unknown) | undefined;
  /** What it comes to when the lock was lost, unless the error. */
  readonly onLost: 'throw' | 'ignore' | ((error: LockLostError) => unknown);
  /** What becomes of an Observable when its caller leaves. */
  readonly whenLeft: WhenLeft;
  /** The request that the call answers, where it answers one. */
  readonly request?: AnsweredRequest | undefined;
  /**
   * What goes on under the lock after the call has its result; undefined when nothing does.
   *
   * @param outcome undefined when the call failed
   */
  goesOn?(outcome: { readonly result: unknown } | undefined): Promise<unknown> | undefined;
}

/** A request whose client may go away before it has its answer. */
export interface AnsweredRequest {
  /**
   * Calls `onGone` once, at once when the client has gone already.
   *
   * @returns what ends the watching, of a client that outlives its request
   */
  watch(onGone: () => void): (() => void) | undefined;
  /** Whether a call stops waiting for its lock when the client has gone. */
  readonly stopsWaiting: boolean;
  /** Nest unsubscribes what it reads for a client that goes, if that is to be stopped and did not go before. */
  readonly isStoppedByNest?: boolean;
}

/** What runs under the lock of a call. */
export type LockedTask<T = unknown> = (lock: Lock, caller: Caller | undefined) => T;

/** How far a call came. */
export interface Progress {
  /** It began to run. Told by this and not by the error: what runs may itself find another lock busy. */
  hasStarted: boolean;
  /** Missing where a test has put something in the place of the lock service that gives none. */
  lock?: Lock;
  /** What it came to, before it was known whether the lock was ours to the end. */
  finished?: { readonly result: unknown };
}

/**
 * The caller is told of the end of a call, and its lock stays until what goes on is over. Unless the lock is over already,
 * since the handler has released it, or its loss is ignored.
 *
 * @param outcome undefined when the call failed: what it began may go on all the same
 */
export function keepFor(
  call: LockedCall,
  lock: Lock,
  outcome: { readonly result: unknown } | undefined,
): void {
  const rest = call.goesOn?.(outcome);
  if (rest !== undefined && lock.isHeld) lock.holdUntil(rest);
}

/** The result of a stream beside its values, which went out as they came. */
export const NO_RESULT = Symbol('no result');

/**
 * What takes the place of the result of a call that failed, by its `onBusy`, `onUnavailable` and `onLost`.
 *
 * @param skipped what a call comes to that is skipped
 * @throws the error, where it is not for them; and what they throw themselves
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
  // The loss of this very lock, be it told by the lock or by code that stopped at its signal.
  if (call.onLost === 'throw' || lock === undefined || error !== lock.signal.reason) throw error;
  if (call.onLost !== 'ignore') return call.onLost(error as LockLostError);
  if (finished === undefined) throw error;
  return finished.result;
}
