import {
  Inject,
  mixin,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { Observable, type Subscriber, type Subscription } from 'rxjs';
import { LockBusyError } from '../errors/lock-busy.error';
import type { ContextLockKey } from '../interfaces/lock-key.interface';
import type { LockInterceptorOptions } from '../interfaces/locked-options.interface';
import type { LockService } from '../lock.service';
import type { Lock } from '../locking/lock.interface';
import { checkPlacedOptions } from '../utils/check-placed-options';
import { contextKeySource } from '../utils/context-key';
import { compileLockKey } from '../utils/lock-key';
import { getLockServiceToken } from '../utils/lock-service-token';

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
  checkPlacedOptions(options);
  const { onBusy = 'throw', connection, signal, ...lockOptions } = options;

  class MixinLockInterceptor implements NestInterceptor {
    constructor(@Inject(getLockServiceToken(connection)) private readonly locks: LockService) {}

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      return new Observable((subscriber) => {
        const leaving = new AbortController();
        const waitSignal = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]);
        let hasStarted = false;

        this.locks
          .withLock(resolve(context), { ...lockOptions, signal: waitSignal }, (lock) => {
            hasStarted = true;
            return pipeUnderLock(next, lock, subscriber, leaving.signal);
          })
          .catch(async (error: unknown) => {
            if (hasStarted || onBusy === 'throw' || !(error instanceof LockBusyError)) throw error;
            subscriber.next(onBusy === 'skip' ? undefined : await onBusy(context));
          })
          .then(
            () => {
              subscriber.complete();
            },
            (error: unknown) => {
              subscriber.error(error);
            },
          );

        return () => {
          leaving.abort();
        };
      });
    }
  }

  return mixin(MixinLockInterceptor);
}

/** Ends when the response has ended, or nobody listens to it any more. */
function pipeUnderLock(
  next: CallHandler,
  lock: Lock,
  subscriber: Subscriber<unknown>,
  left: AbortSignal,
): Promise<void> {
  let response: Subscription | undefined;
  return new Promise<void>((resolve, reject) => {
    if (left.aborted) {
      resolve();
      return;
    }
    left.addEventListener('abort', () => {
      resolve();
    });
    response = next.handle().subscribe({
      next: (value) => {
        // What is sent after the loss may contradict what the next holder does.
        if (lock.signal.aborted) reject(lock.signal.reason as Error);
        else subscriber.next(value);
      },
      error: reject,
      complete: resolve,
    });
  }).finally(() => response?.unsubscribe());
}
