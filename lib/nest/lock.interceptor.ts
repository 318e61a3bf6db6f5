import {
  Inject,
  mixin,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { ContextLockKey } from '../keys/lock-key.interface';
import type { LockInterceptorOptions } from '../calls/locked-options.interface';
import type { LockService } from '../service/lock.service';
import type { Lock } from '../locking/api/lock.interface';
import { quoteKey } from '../keys/template-problem';
import { noteBounds } from '../calls/endless-streams';
import { checkKeyWithOptions, isMixedKey } from '../calls/check-key-with-options';
import { checkOptionsWithService, checkPlacedOptions } from '../calls/check-placed-options';
import { compileLockTargets } from '../keys/lock-targets';
import { markLockInterceptor } from './lock-interceptors';
import { contextKeySource } from '../keys/context-key';
import { followHandler } from '../calls/follow-handler';
import { outerLocks, runHandler } from '../calls/handler-lock';
import { HandlerWork } from '../calls/handler-work';
import { grpcRequest } from './grpc-request';
import { handlerOf, whenLeftFor } from '../calls/handler-kind';
import { httpCall } from './http-call';
import { HttpExchange } from './http-exchange';
import { Caller } from '../calls/caller';
import { getLockServiceToken } from '../service/lock-service-token';
import type { LockedCall } from '../calls/locked-call';
import { defaultOnBusyOf, labelled, splitLabel, withPlacedLock } from '../calls/locked-method-call';
import { lockedObservable } from '../calls/locked-observable';
import { lockedPromise } from '../calls/locked-promise';
import { answersSubscription } from '../calls/locked-subscription';

/**
 * Makes an interceptor that holds a lock around everything inside it: further interceptors, the pipes, the handler and
 * its whole response stream. A request whose client goes away while it waits stops waiting, and its handler never runs.
 *
 * A client that goes away later, a timeout, or an interceptor that stops listening does not end the work: the lock
 * stays until the handler is done, and `@CallerSignal()` tells the handler. See `onLeave` for Observables. Over HTTP,
 * the handler or Nest may still write the response (`@Res()`, a `StreamableFile`, a stream, a page). Then the lock
 * stays until the response has finished, or its connection is closed.
 *
 * **The key is made of raw input**, before the pipes: `7` and `07`, or a UUID in upper and lower case, are different
 * keys, so a client can avoid the lock by another spelling. Name the form of the value: `<params.id|int>`, `|uuid`,
 * `|lower` or `|trim`. Or use `@Locked`, whose key sees the arguments after the pipes. A value that is missing or does
 * not have that form is answered with 400.
 *
 * @param key what is locked: a template, several, or a function of the execution context
 * @throws LockKeyError, LockOptionsError at once, for what can be seen then, and when the application starts
 *
 * @example
 * ```ts
 * @Post(':id/payments')
 * @UseInterceptors(LockInterceptor('order:<params.id|int>', { wait: 1_000 }))
 * pay(@Param('id') id: string, @Body() payment: PaymentDto) { … }
 * ```
 */
export function LockInterceptor(
  key: ContextLockKey,
  options: LockInterceptorOptions = {},
): Type<NestInterceptor> {
  const resolve = compileLockTargets(key, contextKeySource);
  const {
    onBusy: placedOnBusy,
    onUnavailable,
    onLost = 'throw',
    onLeave,
    callerMayLeave = true,
    connection,
    ...placed
  } = checkPlacedOptions(options);
  const { lockOptions: given, label } = splitLabel(placed);
  const isMixed = isMixedKey(key);
  const lockOptions = checkKeyWithOptions(key, given, `LockInterceptor(${quoteKey(key)})`);

  class MixinLockInterceptor implements NestInterceptor {
    constructor(@Inject(getLockServiceToken(connection)) private readonly locks: LockService) {
      checkOptionsWithService(locks, lockOptions, `LockInterceptor(${quoteKey(key)})`, { isMixed });
      // The service may be a mock with only the members that a test needs.
      noteBounds(new.target, (locks as Partial<LockService>).isUnbounded?.(lockOptions) === true);
    }

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const { locks } = this;
      const placed = typeof placedOnBusy === 'function' ? () => placedOnBusy(context) : placedOnBusy;
      const onBusy = placed ?? defaultOnBusyOf(locks);
      const handler = handlerOf(context);
      const whenLeft = onLeave ?? whenLeftFor(handler, context.getArgs());
      const outer = outerLocks();
      const work = new HandlerWork(handler, whenLeft, outer?.work);
      const call: LockedCall = {
        withLock: async (task, leaving) =>
          withPlacedLock(locks, resolve(context), labelled(lockOptions, label?.(context)), task, leaving),
        reenter: (lock) => ({ withLock: (task) => locks.reenter(lock, task) }),
        // Nest needs a value: it treats a response without any value as an error.
        onBusy: onBusy === 'skip' ? () => undefined : onBusy,
        onUnavailable: typeof onUnavailable === 'function' ? () => onUnavailable(context) : onUnavailable,
        onLost: typeof onLost === 'function' ? (error) => onLost(error, context) : onLost,
        whenLeft,
        request: grpcRequest(context.getArgs(), callerMayLeave),
        goesOn: (outcome) => {
          if (outcome === undefined) work.fail();
          return work.over;
        },
      };
      followHandler(handler);
      const handle = (lock: Lock, caller = new Caller()) =>
        runHandler({ lock, connection, caller, work }, outer, () => next.handle());
      // The result of a subscription is a stream, which Nest reads later.
      if (answersSubscription(context)) {
        return from(lockedPromise(call, (lock, caller) => lastValueFrom(handle(lock, caller))));
      }
      return lockedObservable(httpCall(call, HttpExchange.of(context), callerMayLeave), handle);
    }
  }

  return markLockInterceptor(mixin(MixinLockInterceptor));
}
