import type { ExecutionContext } from '@nestjs/common';
import type { LockOptions } from '../locking/lock-options';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the parameters of all methods
export type OnBusyFunction = (this: any, ...args: any[]) => unknown;

/** What a call comes to when somebody else holds the lock for as long as it waits. */
export type OnBusy<F = OnBusyFunction> = 'throw' | 'skip' | F;

interface PlacedLockOptions extends LockOptions {
  /**
   * The name of the lock service to use, for applications with several.
   *
   * @default the one whose RedlockModule has no name
   */
  connection?: string;

  /**
   * Whether a call that comes from code which holds the resource already runs under that lock. False: such a call
   * rejects with a `LockReentrancyError`.
   *
   * @default true
   */
  reentrant?: boolean;
}

/** Options of {@link Locked}. All durations are in milliseconds. */
export interface LockedOptions<B = OnBusy> extends PlacedLockOptions {
  /**
   * What a call comes to when somebody else holds the lock for as long as it waits (`wait`):
   * - `'throw'`: it rejects with the `LockBusyError`
   * - `'skip'`: it resolves to undefined without having run; only for methods that may
   * - a function: it resolves to what the function returns, which gets what the method gets
   *
   * It never hides an outage (`LockUnavailableError`), nor a busy lock that the method itself ran into.
   *
   * @default 'throw'
   */
  onBusy?: B;
}

/** Options of {@link LockInterceptor}. All durations are in milliseconds. */
export interface LockInterceptorOptions extends PlacedLockOptions {
  /**
   * What a request comes to when somebody else holds the lock for as long as it waits (`wait`):
   * - `'throw'`: it fails with the `LockBusyError`
   * - `'skip'`: the handler does not run, and its result is undefined
   * - a function of the execution context: its result takes the place of the handler's
   *
   * @default 'throw'
   */
  onBusy?: OnBusy<(context: ExecutionContext) => unknown>;
}
