import type { CurrentLockOptions } from './current-lock-options.interface';
import { lockParameterDecorator } from './lock-parameter-decorator';

/**
 * Gives a parameter the `Lock` that the method runs under: the innermost, or the one on a resource.
 *
 * On a handler of any transport that is a lock taken by a `LockInterceptor`, by other code around the handler, or by
 * `@Locked` on the handler itself. On any other method it is the lock of the `@Locked` that stands on it, and whatever
 * the caller passes for the parameter is replaced. It is undefined where there is no such lock.
 *
 * A handler over RPC or WebSocket then needs `@Payload()` or `@MessageBody()` at its other parameters, as it does with
 * every parameter decorator.
 *
 * @param which a resource, by its exact name, or `{ resource, connection }`
 * @throws LockOptionsError when the class is defined
 *
 * @example
 * ```ts
 * @Post(':id/payments')
 * @Locked('order:<0>')
 * async pay(@Param('id') id: string, @CurrentLock() lock: Lock) {
 *   lock.assertHeld(2_000);
 * }
 * ```
 */
export function CurrentLock(which?: string | CurrentLockOptions): ParameterDecorator {
  return lockParameterDecorator('@CurrentLock', 'lock', which);
}
