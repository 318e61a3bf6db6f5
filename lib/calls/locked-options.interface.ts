import type { ExecutionContext } from '@nestjs/common';
import type { LockLostError } from '../errors/lock-lost.error';
import type { LockOptions } from '../locking/api/lock-options';

// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of all methods
export type OnBusyFunction = (this: any, ...args: any[]) => unknown;

/** What a call comes to when somebody else holds the lock for as long as it waits. */
export type OnBusy<F = OnBusyFunction> = 'throw' | 'skip' | F;

/** What a call comes to when too few nodes answered. */
export type OnUnavailable<F = OnBusyFunction> = 'throw' | F;

// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of all methods
export type OnLostFunction = (this: any, error: LockLostError, ...args: any[]) => unknown;

/** What a call comes to when the lock was lost while it ran. */
export type OnLost<F = OnLostFunction> = 'throw' | 'ignore' | F;

/** What becomes of an Observable when its caller leaves before its end. */
export type OnLeave = 'stop' | 'finish';

// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of all methods
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

  /**
   * What becomes of an Observable when its caller leaves before its end: it is unsubscribed, its time is over, or the
   * client has gone.
   * - `'stop'`: it is unsubscribed. The lock stays until a promise in it that is under way is over: no promise can be
   *   stopped. What else goes on after that, such as the work that another service was asked for, nobody here can know
   * - `'finish'`: it goes on to its end, and the lock stays until then
   *
   * Methods that return a promise always finish: a promise cannot be stopped. `@CallerSignal()` tells them.
   *
   * @default 'finish' on a handler that gives one answer: a route, a query, a mutation; a message of a gateway or of a
   * microservice, a unary call of gRPC included, until its first value. Else 'stop': server-sent events, subscriptions,
   * calls of gRPC that are answered with a stream, and every method that is no handler
   */
  onLeave?: OnLeave;
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
   * On a handler over HTTP the answer has the header `Lock-Skipped: true` then, also where the handler would have answered
   * by itself (`@Res()`).
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

  /**
   * Whether a call that answers a request over HTTP or gRPC, or a message of a WebSocket, stops waiting for its lock when
   * the client has gone: it rejects with a `CallerLeftError`, and the method never runs. It matters on handlers of
   * controllers and gateways alone.
   *
   * @default false
   */
  callerMayLeave?: boolean;
}

/** Options of {@link LockInterceptor}. All durations are in milliseconds. */
export interface LockInterceptorOptions extends PlacedLockOptions {
  /**
   * What a request comes to when somebody else holds the lock for as long as it waits (`wait`):
   * - `'throw'`: it fails with the `LockBusyError`
   * - `'skip'`: the handler does not run, and its result is undefined
   * - a function of the execution context: its result takes the place of the handler's
   *
   * Over HTTP the answer has the header `Lock-Skipped: true` then, also where the handler would have answered by itself
   * (`@Res()`).
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

  /**
   * Whether a request stops waiting for its lock when its client has gone: it fails with a `CallerLeftError`, and the
   * handler never runs. False: it is worked off all the same.
   *
   * @default true
   */
  callerMayLeave?: boolean;
}
