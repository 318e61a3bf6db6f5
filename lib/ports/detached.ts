import { AsyncResource } from 'node:async_hooks';

/** The async context in which this file was loaded. It belongs to the program, and to no request. */
const PROGRAM = new AsyncResource('nestjs-redlock');

/**
 * Runs `work` outside of the caller's async context, so that nothing it starts belongs to the caller.
 *
 * Node gives each timer, socket and promise the async context of the code that makes it. A timer that serves all
 * locks would get the context of the request that happened to set it. Code which that timer calls would then read
 * the user of that request and hold its locks, and the request would stay in memory while any lock is held. So use
 * this function for what serves several callers, or outlives the call that starts it.
 */
export function detached<A extends unknown[], R>(work: (...args: A) => R, ...args: A): R {
  return PROGRAM.runInAsyncScope(work, undefined, ...args);
}
