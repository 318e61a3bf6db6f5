import { AsyncLocalStorage } from 'node:async_hooks';
import type { Lock } from '../locking/lock.interface';
import { isForParameter, type LockParameter } from './lock-parameters';

interface HandlerLock {
  readonly lock: Lock;
  /** The name of its service. */
  readonly connection: string | undefined;
  readonly outer: HandlerLock | undefined;
}

/**
 * The locks that interceptors hold around the running handler. The lock service knows them too, but only while they are
 * held: a handler whose lock was lost before it began must get the signal that has aborted, and not none.
 */
const storage = new AsyncLocalStorage<HandlerLock>();

export function runHandler<T>(lock: Lock, connection: string | undefined, handler: () => T): T {
  return storage.run({ lock, connection, outer: find(() => true) }, handler);
}

/** The innermost that a parameter is for. */
export function handlerLockFor(parameter: LockParameter): Lock | undefined {
  return find(({ lock, connection }) => isForParameter(parameter, lock, connection))?.lock;
}

function find(isIt: (frame: HandlerLock) => boolean): HandlerLock | undefined {
  for (let frame = storage.getStore(); frame !== undefined; frame = frame.outer) {
    if (isHeldOrLost(frame.lock) && isIt(frame)) return frame;
  }
  return undefined;
}

/** Code that outlives its handler does not inherit what was given back. */
function isHeldOrLost(lock: Lock): boolean {
  return lock.isHeld || lock.signal.aborted;
}
