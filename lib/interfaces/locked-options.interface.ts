import type { ExecutionContext } from '@nestjs/common';
import type { LockLostError } from '../errors/lock-lost.error';
import type { LockOptions } from '../locking/lock-options';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the parameters of all methods
export type OnBusyFunction = (this: any, ...args: any[]) => unknown;

/** What a call comes to when somebody else holds the lock for as long as it waits. */
export type OnBusy<F = OnBusyFunction> = 'throw' | 'skip' | F;

/** What a call comes to when too few nodes answered. */
export type OnUnavailable<F = OnBusyFunction> = 'throw' | F;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the parameters of all methods
export type OnLostFunction = (this: any, error: LockLostError, ...args: any[]) => unknown;

/** What a call comes to when the lock was lost while it ran. */
export type OnLost<F = OnLostFunction> = 'throw' | 'ignore' | F;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the parameters of all methods
export type LabelFunction = (this: any, ...args: any[]) => string;

interface PlacedLockOptions extends Omit<LockOptions, 'label'> {
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
export interface LockedOptions<B = OnBusy, L = OnLost, U = OnUnavailable> extends PlacedLockOptions {
  /**
   * What a call comes to when somebody else holds the lock for as long as it waits (`wait`):
   * - `'throw'`: it rejects with the `LockBusyError`
   * - `'skip'`: it resolves to undefined without having run; only for methods that may. A stream ends without a value
   * - a function: it resolves to what the function returns, which gets what the method gets. A stream goes on with the
   *   stream that it returns, or with its value alone
   *
   * It never hides an outage (`LockUnavailableError`), nor a busy lock that the method itself ran into.
   *
   * @default 'throw'
   */
  onBusy?: B;

  /**
   * What a call comes to when too few nodes answered to say whether the lock is free, so that the method has not run:
   * - `'throw'`: it rejects with the `LockUnavailableError`
   * - a function: it resolves to what the function returns, which gets what the method gets, such as the context of a
   *   message that has to be handed back to its broker
   *
   * @default 'throw'
   */
  onUnavailable?: U;

  /**
   * What a call comes to when the lock was lost while it ran, so that somebody else may hold it already:
   * - `'throw'`: it rejects with the `LockLostError`, even if the method succeeded; a stream fails as soon as the lock is
   *   lost
   * - `'ignore'`: it has the result of the method, and a stream goes on to its end
   * - a function: its result counts, from the error and what the method gets. It is also asked when the method stopped
   *   with the error of `lock.signal`. A stream goes on with what it returns, as with `onBusy`
   *
   * Other errors of the method stay what they are.
   *
   * @default 'throw'
   */
  onLost?: L;

  /**
   * What the holder calls itself, for people, as in `locks.withLock`: a text, or a function that gets what the method
   * gets.
   *
   * @example `label: (id: string) => `import ${id}``
   */
  label?: string | LabelFunction;

  /**
   * What the method returns, where that cannot be told beforehand: an `async` method returns a promise, an `async *`
   * method a generator, and an Observable is known by the written return type (imported as a value, not as a type) if the
   * compiler has `emitDecoratorMetadata`. Others count as promises: their Observable comes to the caller in a promise.
   */
  returns?: 'promise' | 'observable' | 'async-generator';
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

  /**
   * What a request comes to when too few nodes answered to say whether the lock is free:
   * - `'throw'`: it fails with the `LockUnavailableError`
   * - a function of the execution context: its result takes the place of the handler's, which does not run
   *
   * @default 'throw'
   */
  onUnavailable?: OnUnavailable<(context: ExecutionContext) => unknown>;

  /**
   * What a request comes to when the lock was lost while its response was made or sent:
   * - `'throw'`: it fails with the `LockLostError` as soon as the lock is lost; what of a stream was sent, was sent
   * - `'ignore'`: it has the response of the handler
   * - a function of the error and the execution context: its result takes the place of the handler's
   *
   * @default 'throw'
   */
  onLost?: OnLost<(error: LockLostError, context: ExecutionContext) => unknown>;

  /** What the holder calls itself, for people, as in `locks.withLock`: a text, or a function of the execution context. */
  label?: string | ((context: ExecutionContext) => string);
}
