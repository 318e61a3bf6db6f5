import { AsyncResource } from 'node:async_hooks';

/** The async context in which this file was loaded: that of the program, and of no request. */
const PROGRAM = new AsyncResource('nestjs-redlock');

/**
 * Runs `work` outside of the caller's async context, so that nothing it starts belongs to the caller.
 *
 * Node gives a timer, a socket or a promise the async context of whoever makes it, and all that follows from it too. A
 * timer that looks after all locks would carry the request which happened to set it: code that the timer calls would
 * read the user of that request and hold its locks, and the request would stay in memory for as long as any lock is
 * held. So whatever serves several callers, or outlives the call that begins it, is started through this function.
 */
export function detached<A extends unknown[], R>(work: (...args: A) => R, ...args: A): R {
  return PROGRAM.runInAsyncScope(work, undefined, ...args);
}
