import {
  Inject,
  mixin,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { ContextLockKey } from '../interfaces/lock-key.interface';
import type { LockInterceptorOptions } from '../interfaces/locked-options.interface';
import type { LockService } from '../lock.service';
import { checkOptionsWithService, checkPlacedOptions } from '../utils/check-placed-options';
import { quoteKey } from '../redlock.messages';
import { contextKeySource } from '../utils/context-key';
import { runHandler } from '../utils/handler-lock';
import { compileLockKey } from '../utils/lock-key';
import { getLockServiceToken } from '../utils/lock-service-token';
import type { LockedCall } from '../utils/locked-call';
import { defaultOnBusyOf, labelled, splitLabel, withPlacedLock } from '../utils/locked-method-call';
import { lockedObservable } from '../utils/locked-observable';

/**
 * Makes an interceptor that holds a lock around everything inside it: further interceptors, the pipes, the handler and
 * its whole response stream. A request that goes away while it waits stops waiting.
 *
 * @param key what is locked: a template, several, or a function of the execution context
 * @throws LockKeyError, LockOptionsError at once, for what can be seen then
 *
 * @example
 * ```ts
 * @Post(':id/payments')
 * @UseInterceptors(LockInterceptor('order:<params.id>', { wait: 1_000 }))
 * pay(@Param('id') id: string, @Body() payment: PaymentDto) { … }
 * ```
 */
export function LockInterceptor(
  key: ContextLockKey,
  options: LockInterceptorOptions = {},
): Type<NestInterceptor> {
  const resolve = compileLockKey(key, contextKeySource);
  const {
    onBusy: placedOnBusy,
    onUnavailable,
    onLost = 'throw',
    connection,
    ...placed
  } = checkPlacedOptions(options);
  const { lockOptions, label } = splitLabel(placed);

  class MixinLockInterceptor implements NestInterceptor {
    constructor(@Inject(getLockServiceToken(connection)) private readonly locks: LockService) {
      checkOptionsWithService(locks, lockOptions, `LockInterceptor(${quoteKey(key)})`);
    }

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const { locks } = this;
      const placed = typeof placedOnBusy === 'function' ? () => placedOnBusy(context) : placedOnBusy;
      const onBusy = placed ?? defaultOnBusyOf(locks);
      const call: LockedCall = {
        withLock: async (task, leaving) =>
          withPlacedLock(locks, resolve(context), labelled(lockOptions, label?.(context)), task, leaving),
        reenter: ({ resources }) => ({ withLock: (task) => locks.withLock(resources, task) }),
        // Nest needs an answer: a response without any value is an error to it.
        onBusy: onBusy === 'skip' ? () => undefined : onBusy,
        onUnavailable: typeof onUnavailable === 'function' ? () => onUnavailable(context) : onUnavailable,
        onLost: typeof onLost === 'function' ? (error) => onLost(error, context) : onLost,
      };
      return lockedObservable(call, (lock) => runHandler(lock, connection, () => next.handle()));
    }
  }

  return mixin(MixinLockInterceptor);
}
