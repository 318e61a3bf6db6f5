import { checkServiceName } from '../../service/lock-service-token';
import { copyIdentity } from '../../calls/copy-identity';
import { boundLockService } from '../../calls/lock-service-binding';
import { notBound } from '../../calls/not-bound';
import { LockOptionsError } from '../../errors/lock-options.error';
import { checkElectionName, checkElectionOptions } from '../../service/elections';
import type { LeaderElectionOptions } from '../../service/leader-election';
import { takeHandlerContext } from '../handler-context';
import { fillLockParameters } from './lock-parameters';
import { decorateMethod, type MethodDecoration } from './decorate-method';
import type { LeaderOnlyDecorator } from './leader-only-decorator.interface';

/** Options of {@link LeaderOnly}. */
export interface LeaderOnlyOptions extends LeaderElectionOptions {
  /** The `name` of the RedlockModule whose lock service is used. */
  connection?: string | undefined;
}

/**
 * Runs the method only in the process that leads the election `name`. Elsewhere a call resolves to undefined at once,
 * and the method does not run. Each process campaigns from the start of the application on, and again after it lost.
 *
 * With a lock for each run, each run may be in another process. Here the same process runs all jobs of the election,
 * for as long as it lives, so it may keep state in memory between two runs. Elections of other names may have other
 * leaders.
 *
 * `@CurrentLock()` gives the method the lock of the term. `@LockSignal()` gives it the signal of the term, which aborts
 * when the leadership is lost or given up, as at a shutdown. A call rejects with a `LockLostError` when the method
 * succeeded, but the leadership was lost meanwhile. When the application shuts down, the leader resigns once its
 * running methods have ended, within `shutdownTimeout`.
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
export function LeaderOnly(name: string, options: LeaderOnlyOptions = {}): LeaderOnlyDecorator {
  const election = checkElectionName(name);
  // A value that is no object is refused by the check.
  const isObject =
    typeof (options as unknown) === 'object' && (options as unknown) !== null && !Array.isArray(options);
  const { connection, ...given } = isObject ? options : (checkElectionOptions(options) as LeaderOnlyOptions);
  if (connection !== undefined) checkServiceName('connection', connection);
  const electionOptions = checkElectionOptions(given);

  const wrap: MethodDecoration['wrap'] = (original, place, kind, { locks: parameters }) => {
    if (kind !== 'promise') {
      throw new LockOptionsError(
        '@LeaderOnly',
        `${place.name} returns a stream. Take part in the election by locks.election(${JSON.stringify(name)}), and end the stream at its signal.`,
      );
    }
    const leaderOnly = async function (this: object | undefined, ...args: unknown[]): Promise<unknown> {
      takeHandlerContext(args);
      const service = this === undefined ? undefined : boundLockService(this, connection);
      if (this === undefined || service === undefined) throw notBound(place, connection, this);
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
  const noted = { connection, options: electionOptions, election };
  return decorateMethod({ decorator: '@LeaderOnly', noted, wrap }) as LeaderOnlyDecorator;
}
