import type { ExecutionContext } from '@nestjs/common';
import type { LockLostError } from '../errors/lock-lost.error';
import type { LockOptions } from '../locking/api/lock-options';

// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of all methods
export type OnBusyFunction = (this: any, ...args: any[]) => unknown;

/** The result of a call when somebody else holds the lock for as long as the call waits. */
export type OnBusy<F = OnBusyFunction> = 'throw' | 'skip' | F;

/** The result of a call when too few nodes answered. */
export type OnUnavailable<F = OnBusyFunction> = 'throw' | F;

// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of all methods
export type OnLostFunction = (this: any, error: LockLostError, ...args: any[]) => unknown;

/** The result of a call when the lock was lost while the call ran. */
export type OnLost<F = OnLostFunction> = 'throw' | 'ignore' | F;

/** The rule for an Observable whose caller leaves before its end. */
export type OnLeave = 'stop' | 'finish';

// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of all methods
export type LabelFunction = (this: any, ...args: any[]) => string;

interface PlacedLockOptions extends Omit<LockOptions, 'label'> {
  /**
   * The name of the lock service to use, for applications with several.
   *
   * @default the one whose RedlockModule has no name
   */
  connection?: string | undefined;

  /**
   * With true, code that holds the resource may call the method, and the call runs under the lock that is held
   * already. With false, such a call rejects with a `LockReentrancyError`.
   *
   * @default true
   */
  reentrant?: boolean | undefined;

  /**
   * The rule for an Observable whose caller leaves before its end: somebody unsubscribes, a timeout passes, or the
   * client has gone.
   * - `'stop'`: the Observable is unsubscribed. A promise in it cannot be stopped, so the lock stays until that
   *   promise has settled. The library cannot know of other work that goes on, such as a request to another
   *   service
   * - `'finish'`: the Observable goes on to its end, and the lock stays until then
   *
   * Methods that return a promise always finish: a promise cannot be stopped. `@CallerSignal()` tells them.
   *
   * @default 'finish' on a handler that gives one answer: a route, a query, a mutation. Also on a message of a
   *   gateway or of a microservice (a unary call of gRPC too), until its first value. Else 'stop': server-sent
   *   events, subscriptions, calls of gRPC that are answered with a stream, and every method that is no handler
   */
  onLeave?: OnLeave | undefined;
}

/** Options of {@link Locked}. All durations are in milliseconds. */
export interface LockedOptions<B = OnBusy, L = OnLost, U = OnUnavailable> extends PlacedLockOptions {
  /**
   * The result of a call when somebody else holds the lock for as long as the call waits (`wait`):
   * - `'throw'`: it rejects with the `LockBusyError`
   * - `'skip'`: it resolves to undefined, and the method does not run; only for methods whose result may be undefined.
   *   A stream ends without a value
   * - a function: it resolves to what the function returns. The function gets the arguments of the method. A stream
   *   goes on with the stream that the function returns, or with its value alone
   *
   * Over HTTP the answer of a handler that did not run has the header `Lock-Skipped: true`, also where the handler
   * would have answered by itself (`@Res()`).
   *
   * `onBusy` never hides an outage (`LockUnavailableError`), nor a busy lock that the method itself asked for.
   *
   * @default 'throw'
   */
  onBusy?: B | undefined;

  /**
   * The result of a call when too few nodes answered to say whether the lock is free. The method has not run.
   * - `'throw'`: it rejects with the `LockUnavailableError`
   * - a function: it resolves to what the function returns. The function gets the arguments of the method, such as the
   *   context of a message that has to go back to its broker
   *
   * @default 'throw'
   */
  onUnavailable?: U | undefined;

  /**
   * The result of a call when the lock was lost while the method ran. Somebody else may hold the lock already.
   * - `'throw'`: it rejects with the `LockLostError`, even if the method succeeded; a stream fails as soon as the lock
   *   is lost
   * - `'ignore'`: it has the result of the method, and a stream goes on to its end
   * - a function: it resolves to what the function returns. The function gets the error and the arguments of the
   *   method. It is also called when the method stopped with the error of `lock.signal`. A stream goes on as with
   *   `onBusy`
   *
   * Other errors of the method do not change.
   *
   * @default 'throw'
   */
  onLost?: L | undefined;

  /**
   * The holder's name for people, as in `locks.withLock`: a text, or a function that gets the arguments of the method.
   *
   * @example `label: (id: string) => `import ${id}``
   */
  label?: string | LabelFunction | undefined;

  /**
   * The kind of value that the method returns, if the library cannot know it before the call. It knows that an
   * `async` method returns a promise and an `async *` method a generator. It knows an Observable by the written
   * return type (imported as a value, not as a type), if the compiler has `emitDecoratorMetadata`. Other methods
   * count as methods that return a promise: the caller gets their Observable in a promise.
   */
  returns?: 'promise' | 'observable' | 'async-generator' | undefined;

  /**
   * With true, a call stops waiting for its lock when the client has gone: a client of HTTP or gRPC, or a
   * WebSocket. The call then rejects with a `CallerLeftError`, and the method never runs. The option has an effect
   * only on handlers of controllers and gateways.
   *
   * @default false
   */
  callerMayLeave?: boolean | undefined;
}

/** Options of {@link LockInterceptor}. All durations are in milliseconds. */
export interface LockInterceptorOptions extends PlacedLockOptions {
  /**
   * The result of a request when somebody else holds the lock for as long as the request waits (`wait`):
   * - `'throw'`: it fails with the `LockBusyError`
   * - `'skip'`: the handler does not run, and its result is undefined
   * - a function of the execution context: its result takes the place of the handler's
   *
   * Over HTTP the answer of a handler that did not run has the header `Lock-Skipped: true`, also where the handler
   * would have answered by itself (`@Res()`).
   *
   * @default 'throw'
   */
  onBusy?: OnBusy<(context: ExecutionContext) => unknown> | undefined;

  /**
   * The result of a request when too few nodes answered to say whether the lock is free:
   * - `'throw'`: it fails with the `LockUnavailableError`
   * - a function of the execution context: its result takes the place of the handler's, which does not run
   *
   * @default 'throw'
   */
  onUnavailable?: OnUnavailable<(context: ExecutionContext) => unknown> | undefined;

  /**
   * The result of a request when the lock was lost while the response was made or sent:
   * - `'throw'`: it fails with the `LockLostError` as soon as the lock is lost; the client may have a part of a stream
   *   then
   * - `'ignore'`: it has the response of the handler
   * - a function of the error and the execution context: its result takes the place of the handler's
   *
   * @default 'throw'
   */
  onLost?: OnLost<(error: LockLostError, context: ExecutionContext) => unknown> | undefined;

  /** The holder's name for people, as in `locks.withLock`: a text, or a function of the execution context. */
  label?: (string | ((context: ExecutionContext) => string)) | undefined;

  /**
   * With true, a request stops waiting for its lock when its client has gone: it fails with a `CallerLeftError`,
   * and the handler never runs. With false, the request waits, and the handler runs all the same.
   *
   * @default true
   */
  callerMayLeave?: boolean | undefined;
}
