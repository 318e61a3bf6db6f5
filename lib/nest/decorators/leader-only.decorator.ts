import { checkServiceName } from '../../calls/check-placed-options';
import { copyIdentity } from '../../calls/copy-identity';
import { isKnownConnection } from '../../calls/known-connections';
import { boundLockService, injectBinding } from '../../calls/lock-service-binding';
import type { LockedDecorator } from '../../calls/locked-decorator.interface';
import { registerLockedMethod } from '../../calls/locked-methods';
import { methodKind, type MethodKind } from '../../calls/method-kind';
import { decorateStandardMethod, type StandardContext } from '../../calls/standard-decorator';
import { LockNotBoundError } from '../../errors/lock-not-bound.error';
import { LockOptionsError } from '../../errors/lock-options.error';
import { checkResource } from '../../locking/checks/check-resources';
import { checkElectionOptions } from '../../service/elections';
import type { LeaderElectionOptions } from '../../service/leader-election';
import { takeHandlerContext } from '../handler-context';
import { fillLockParameters, lockParametersOf, type LockParameter } from '../parameters/lock-parameters';
import { assertMethod, methodName } from './assert-method';

/** Options of {@link LeaderOnly}. */
export interface LeaderOnlyOptions extends LeaderElectionOptions {
  /** The `name` of the RedlockModule whose lock service is used. */
  connection?: string;
}

/**
 * Runs the method only in the process that leads the election `name`; elsewhere a call comes to undefined at once, and the
 * method does not run. The process campaigns from the start of the application on, and again after it lost.
 *
 * Unlike a lock for each run, the same process runs all jobs of the election, for as long as it lives: what it has in
 * memory between two runs stays true. Elections of other names may have other leaders.
 *
 * The method gets the lock of the term by `@CurrentLock()`, and by `@LockSignal()` the signal of the term, which aborts
 * when the leadership is lost or given up, as at a shutdown. A call rejects with a
 * `LockLostError` when the method succeeded, but the leadership was lost meanwhile. When the application shuts down, the
 * leader resigns once its running methods have ended, within `shutdownTimeout`.
 *
 * @param name the resource that the leader holds: take one that nobody locks otherwise
 * @throws LockKeyError, LockOptionsError when the class is defined, for what can be seen then
 *
 * @example
 * ```ts
 * @Cron('0 * * * * *')
 * @LeaderOnly('jobs')
 * async cleanUp(@LockSignal() signal: AbortSignal) { … }
 * ```
 */
export function LeaderOnly(name: string, options: LeaderOnlyOptions = {}): LockedDecorator<string, 'skip'> {
  const election = checkResource(name);
  const { connection, ...given } = options;
  if (connection !== undefined) checkServiceName('connection', connection);
  const electionOptions = checkElectionOptions(given);

  const wrap = (
    original: (this: object, ...args: unknown[]) => unknown,
    place: { readonly name: string; readonly prototype: object | undefined },
    kind: MethodKind,
    parameters: readonly LockParameter[],
  ) => {
    if (kind !== 'promise') {
      throw new LockOptionsError(
        '@LeaderOnly',
        `${place.name} returns a stream. Take part in the election by locks.election(${JSON.stringify(name)}), and end the stream at its signal.`,
      );
    }
    const leaderOnly = async function (this: object | undefined, ...args: unknown[]): Promise<unknown> {
      takeHandlerContext(args);
      const service = this === undefined ? undefined : boundLockService(this, connection);
      if (this === undefined || service === undefined) {
        throw new LockNotBoundError(place.name, connection, whyNotBound(this, place.prototype, connection));
      }
      return service
        .election(election, electionOptions)
        .run((lock, signal) =>
          original.apply(
            this,
            fillLockParameters(args, parameters, { lock, connection, caller: undefined, signal }),
          ),
        );
    };
    copyIdentity(original, leaderOnly);
    return leaderOnly;
  };
  const register = (prototype: object, key: string | symbol, leaderOnly: object) => {
    injectBinding(prototype, connection);
    registerLockedMethod(prototype, { key, connection, options: electionOptions, election }, leaderOnly);
  };

  const decorate = (
    target: object,
    keyOrContext: string | symbol | StandardContext,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (typeof keyOrContext === 'object') {
      return decorateStandardMethod(target, keyOrContext, wrap, register);
    }
    assertMethod('@LeaderOnly', target, keyOrContext, descriptor);
    const original = descriptor.value;
    const place = { name: methodName(target, keyOrContext), prototype: target };
    const parameters = lockParametersOf(target, keyOrContext);
    descriptor.value = wrap(original, place, methodKind(target, keyOrContext, original), parameters);
    register(target, keyOrContext, descriptor.value);
    return undefined;
  };
  return decorate as LockedDecorator<string, 'skip'>;
}

function whyNotBound(
  instance: object | undefined,
  prototype: object | undefined,
  connection: string | undefined,
): 'detached' | 'too-early' | 'no-module' {
  const isDetached =
    instance === undefined ||
    prototype === undefined ||
    !Object.prototype.isPrototypeOf.call(prototype, instance);
  if (isDetached) return 'detached';
  return isKnownConnection(connection) ? 'too-early' : 'no-module';
}
