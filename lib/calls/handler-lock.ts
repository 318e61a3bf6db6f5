import { AsyncLocalStorage } from 'node:async_hooks';
import type { Lock } from '../locking/api/lock.interface';
import type { Caller } from './caller';
import type { HandlerWork } from './handler-work';
import { isForParameter, type WantedLock } from './is-for-parameter';
import { shared } from './shared';

/** The lock that an interceptor holds around a handler. */
export interface AroundHandler {
  readonly lock: Lock;
  /** The name of its lock service. */
  readonly connection: string | undefined;
  readonly caller: Caller;
  readonly work: HandlerWork;
}

interface Frame extends AroundHandler {
  readonly outer: Frame | undefined;
}

/** The innermost lock around the running code, for {@link runHandler}. */
export type OuterLocks = Frame | undefined;

/**
 * The locks that interceptors hold around the running handler. The lock service knows them too, but only while
 * they are held. A handler whose lock was lost before it began must get the aborted signal, and not none.
 */
const storage = shared('handler locks', () => new AsyncLocalStorage<Frame>());

/**
 * Calls a handler under the lock of an interceptor.
 *
 * @param outer the locks of the interceptors further out: Nest subscribes to an interceptor in another context
 *   than it calls it
 */
export function runHandler<T>(around: AroundHandler, outer: OuterLocks, run: () => T): T {
  return storage.run({ ...around, outer }, run);
}

export function outerLocks(): OuterLocks {
  return find(() => true);
}

/** The caller of the handler that the running code is a part of. */
export function callerAround(): Caller | undefined {
  return outerLocks()?.caller;
}

/** The work of the handler for which the innermost interceptor holds its lock. */
export function currentHandlerWork(): HandlerWork | undefined {
  return storage.getStore()?.work;
}

/** The innermost lock that fits a parameter. */
export function handlerLockFor(parameter: WantedLock): AroundHandler | undefined {
  return find(({ lock, connection }) => isForParameter(parameter, lock, connection));
}

function find(isIt: (frame: Frame) => boolean): Frame | undefined {
  for (let frame = storage.getStore(); frame !== undefined; frame = frame.outer) {
    if (isHeldOrLost(frame.lock) && isIt(frame)) return frame;
  }
  return undefined;
}

/**
 * True for a lock that is held or lost. Code that runs longer than its handler does not get a lock that was
 * released.
 */
function isHeldOrLost(lock: Lock): boolean {
  return lock.isHeld || lock.signal.aborted;
}
