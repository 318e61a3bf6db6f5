import type { CurrentLockOptions } from '../parameters/current-lock-options.interface';
import { lockParameterDecorator } from '../parameters/lock-parameter-decorator';

/**
 * Gives a parameter the `AbortSignal` that aborts, with a `CallerLeftError`, when whoever waits for the result has left:
 * an HTTP client or a socket that is gone, a timeout, an Observable that was unsubscribed, a generator that was returned.
 *
 * The lock is not lost by that: it stays until the work under it is over. Stop what may be stopped, and let what has
 * begun and cannot be undone come to its end. `@LockSignal()` is the other one, for a lock that is lost.
 *
 * It stands where `@CurrentLock()` may stand: on handlers under a `LockInterceptor`, and on methods with `@Locked`. One
 * that is called by other code and returns a promise has a caller that cannot be seen leaving: the signal never aborts.
 *
 * @param which a resource, by its exact name, or `{ resource, connection }`; without it the innermost lock
 * @throws LockOptionsError when the class is defined
 *
 * @example
 * ```ts
 * @Get(':id/report')
 * @UseInterceptors(LockInterceptor('report:<params.id|int>'))
 * report(@Param('id') id: string, @CallerSignal() left: AbortSignal) {
 *   return this.reports.compute(id, { signal: left });
 * }
 * ```
 */
export function CallerSignal(which?: string | CurrentLockOptions): ParameterDecorator {
  return lockParameterDecorator('@CallerSignal', 'caller', which);
}
