import type { Observable } from 'rxjs';
import type { LockKey } from './lock-key.decorator';
import type { LockedDecorator } from '../../calls/locked-decorator.interface';
import type { LockedOptions, OnBusy, OnLost, OnUnavailable } from '../../calls/locked-options.interface';
import { checkKeyWithOptions, isMixedKey } from '../../calls/check-key-with-options';
import { checkPlacedOptions } from '../../calls/check-placed-options';
import { copyIdentity } from '../../calls/copy-identity';
import { fillLockParameters } from './lock-parameters';
import { compileLockTargets } from '../../keys/lock-targets';
import { lockedGenerator, type AnyAsyncGenerator } from '../../calls/locked-generator';
import { takeHandlerContext } from '../handler-context';
import { grpcRequest } from '../grpc-request';
import { socketRequest } from '../socket-request';
import { isMessageHandler, isSubscription } from '../../calls/handler-kind';
import { httpCall } from '../http-call';
import { HttpExchange } from '../http-exchange';
import type { LockedCall, LockedTask } from '../../calls/locked-call';
import { LockedMethodCall, splitLabel, type LockedPlace } from '../../calls/locked-method-call';
import { lockedObservable } from '../../calls/locked-observable';
import { lockedPromise } from '../../calls/locked-promise';
import { lockedSubscription } from '../../calls/locked-subscription';
import { missingName, namingKeySource } from '../../keys/method-key';
import type { MethodKind } from '../../calls/method-kind';
import { LockKeyError } from '../../errors/lock-key.error';
import { decorateMethod, type MethodDecoration } from './decorate-method';

/**
 * Runs the method under a lock: one caller at a time per key, in all processes that use the same nodes.
 *
 * A call waits for the lock (`wait`), runs the method, and releases the lock when the method is done:
 * - a method that returns a promise is done when the promise has settled
 * - a method that returns an Observable runs for each subscription, with a lock of its own. It is done when the
 *   Observable completes, fails or is unsubscribed (see `onLeave`)
 * - an async generator begins at its first `next()`, and is done when it ends, throws or is returned early
 *
 * A promise may resolve to an Observable or an async generator. That keeps the lock too: it can be started once, at
 * once. Other sources, such as streams of Node, do not keep the lock.
 *
 * A call rejects with
 * - `LockBusyError` when somebody else held the lock all that time (see `onBusy`)
 * - `LockUnavailableError` when too few nodes answered (see `onUnavailable`)
 * - `LockLostError` when the method succeeded, but the lock was lost meanwhile (see `onLost`); a stream fails at once
 * - `LockKeyError` when a value is missing in the key
 * - `LockNotBoundError` when the object knows no lock service
 * - whatever the method rejects with
 *
 * Except with `LockLostError` and the method's own error, the method has not run.
 *
 * On a controller the key sees the arguments after the pipes, and the lock is held inside guards and interceptors; to
 * hold it around those, use `LockInterceptor`. Put `@Locked` above a decorator that begins a transaction: below it, the
 * lock would be released before the commit (docs/TRANSACTIONS.md).
 *
 * @param key what is locked: a template, several, or a function that gets the arguments of the method
 * @throws LockKeyError, LockOptionsError when the class is defined, for what can be seen then
 *
 * @example
 * ```ts
 * @Locked('order:<0>')
 * async pay(orderId: string) { … }
 *
 * @Locked(['account:<0.from>', 'account:<0.to>'], { ttl: 5_000, wait: 2_000 })   // all or nothing
 * async transfer(dto: TransferDto) { … }
 * ```
 */
export function Locked<const K extends LockKey, B extends OnBusy, L extends OnLost, U extends OnUnavailable>(
  key: K,
  options: LockedOptions<B, L, U> = {},
): LockedDecorator<K, B, L, U> {
  return lockedAs('@Locked', key, options);
}

/**
 * Makes the decorator under the name that the user wrote.
 *
 * @param decorator for people: `@Locked`
 */
export function lockedAs<
  const K extends LockKey,
  B extends OnBusy,
  L extends OnLost,
  U extends OnUnavailable,
>(decorator: string, key: K, options: LockedOptions<B, L, U>): LockedDecorator<K, B, L, U> {
  const names = new Set<string>();
  const resolveCall = compileLockTargets(key, namingKeySource(names));
  const checked = checkPlacedOptions(options);
  const {
    onBusy,
    onUnavailable,
    onLost = 'throw' as OnLost,
    onLeave,
    callerMayLeave = false,
    returns,
    connection,
    ...placed
  } = checked;
  const { lockOptions: given, label } = splitLabel(placed);
  const noted = { connection, options: given, isMixed: isMixedKey(key) };

  const wrap: MethodDecoration['wrap'] = (original, where, kind, { locks: parameters, keys }) => {
    const missing = missingName(names, keys);
    if (missing !== undefined) throw new LockKeyError(`${decorator} on ${where.name}: ${missing}`, key);
    const resolve: typeof resolveCall =
      names.size === 0 ? resolveCall : (call) => resolveCall({ ...call, names: keys });
    const lockOptions = checkKeyWithOptions(key, given, `${decorator} on ${where.name}`);
    noted.options = lockOptions;
    const start = STARTS[returns ?? kind];
    // This stays the same object, since the name and the class of a standard decorator come later.
    const place: LockedPlace = Object.assign(where, {
      ...{ resolve, connection, lockOptions, label },
      ...{ onBusy, onUnavailable, onLost, onLeave },
      method: () => locked,
    });
    let answersMessages: boolean | undefined;
    const locked = function (this: object | undefined, ...args: unknown[]): unknown {
      const context = takeHandlerContext(args);
      const handlerArgs = context?.getArgs() ?? args;
      // The decorators above this one have told by now what the method handles.
      answersMessages ??= isMessageHandler(locked);
      const request = answersMessages
        ? (grpcRequest(handlerArgs, callerMayLeave) ?? socketRequest(handlerArgs, callerMayLeave))
        : undefined;
      const call = new LockedMethodCall(place, this, args, handlerArgs, request);
      const startCall =
        start === STARTS['async-generator'] && isSubscription(locked) ? lockedSubscription : start;
      return startCall(
        context === undefined ? call : httpCall(call, HttpExchange.of(context), callerMayLeave),
        (lock, caller) =>
          original.apply(
            this as object,
            parameters.length === 0
              ? args
              : fillLockParameters(args, parameters, { lock, connection, caller }),
          ),
      );
    };
    copyIdentity(original, locked);
    return locked;
  };
  return decorateMethod({ decorator, noted, wrap }) as LockedDecorator<K, B, L, U>;
}

/** The begin of a call, by the kind of method. */
const STARTS: Record<MethodKind, (call: LockedCall, method: LockedTask) => unknown> = {
  promise: lockedPromise,
  observable: (call, method) => lockedObservable(call, method as LockedTask<Observable<unknown>>),
  'async-generator': (call, method) => lockedGenerator(call, method as LockedTask<AnyAsyncGenerator>),
};
