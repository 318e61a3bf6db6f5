import type { CurrentLockOptions } from './current-lock-options.interface';
import { lockParameterDecorator } from './lock-parameter-decorator';

/**
 * Gives a parameter the `AbortSignal` that aborts, with a `CallerLeftError`, when the caller that waits for the result
 * has left: an HTTP client or a socket is gone, a timeout has passed, an Observable was unsubscribed, or a generator
 * was returned early.
 *
 * The lock is not lost then: it stays until the work under it is over. Stop what may be stopped, and finish what has
 * begun and cannot be undone. `@LockSignal()` is another signal: it aborts when the lock is lost.
 *
 * `@CallerSignal()` may stand where `@CurrentLock()` may stand: on handlers under a `LockInterceptor`, and on methods
 * with `@Locked`. A method that other code calls, and that returns a promise, cannot see its caller leave: the signal
 * never aborts.
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
