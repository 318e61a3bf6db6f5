import type { CurrentLockOptions } from './current-lock-options.interface';
import { lockParameterDecorator } from './lock-parameter-decorator';

/**
 * Gives a parameter the `AbortSignal` that aborts when the lock is lost: `@CurrentLock()` and its `signal` in one.
 *
 * @param which a resource, by its exact name, or `{ resource, connection }`; without it the innermost lock
 * @throws LockOptionsError when the class is defined
 *
 * @example
 * ```ts
 * @Post(':id/shipments')
 * @UseInterceptors(LockInterceptor('order:<params.id|int>'))
 * ship(@Param('id') id: string, @LockSignal() signal: AbortSignal) {
 *   return this.carrier.book(id, { signal });
 * }
 * ```
 */
export function LockSignal(which?: string | CurrentLockOptions): ParameterDecorator {
  return lockParameterDecorator('@LockSignal', 'signal', which);
}
