import type { LockBusyError } from '../../errors/lock-busy.error';
import { LockOptionsError } from '../../errors/lock-options.error';
import { checkEachLockOption } from './check-lock-options';
import { LOCK_OPTIONS } from './lock-option-rules';
import type { LockOptions } from './lock-options';
import type { LockDefaults } from './lock.interface';
import { readOptions } from '../../errors/read-options';

/** Options of `withLock`. */
export interface WithLockOptions extends LockOptions {
  /**
   * True if code that holds the resources already may enter again, at once. With false, it gets a
   * `LockReentrancyError`.
   *
   * @default true
   */
  reentrant?: boolean | undefined;

  /**
   * The result of the call when somebody else holds the lock for as long as the call waits (`wait`):
   * - `'throw'`: it rejects with the `LockBusyError`
   * - `'skip'`: it resolves to undefined, and the task does not run
   * - a function: it resolves to what the function returns
   *
   * `onBusy` never hides an outage (`LockUnavailableError`), nor a busy lock that the task itself asked for.
   *
   * @default 'throw', or `defaults.onBusy` of the module
   */
  onBusy?: WithLockOnBusy | undefined;
}

/** The result of a call of `withLock` when the lock is busy. */
export type WithLockOnBusy = 'throw' | 'skip' | ((error: LockBusyError) => unknown);

/** The results that a call with these options may have besides the result of its task. */
export type BusyResult<O> = 'onBusy' extends keyof O
  ? O extends { onBusy?: infer B }
    ? ResultOfOnBusy<B>
    : never
  : LockDefaults extends { onBusy: infer B }
    ? ResultOfOnBusy<B>
    : never;

type ResultOfOnBusy<B> = B extends 'skip'
  ? undefined
  : B extends (...args: never[]) => infer R
    ? Awaited<R>
    : never;

/** The options of `withLock` that are not options of the lock. */
export interface ReadOptions {
  readonly reentrant: boolean;
  /** Undefined: the option of the module counts. */
  readonly onBusy: WithLockOnBusy | undefined;
  /** Undefined: there are none, and nothing has to be checked. */
  readonly lockOptions: LockOptions | undefined;
}

export function readWithLockOptions(given: WithLockOptions): ReadOptions {
  const {
    reentrant = true,
    onBusy,
    ...lockOptions
  } = readOptions(given, WITH_LOCK, {
    name: 'options',
    what: ' of lock options',
    each: 'a lock option',
  });
  if (typeof reentrant !== 'boolean') throw new LockOptionsError('reentrant', 'must be true or false.');
  checkOnBusy('onBusy', onBusy);
  return { reentrant, onBusy, lockOptions: checkEachLockOption(lockOptions) };
}

/** @throws LockOptionsError unless it is undefined or a valid result of a busy call */
export function checkOnBusy(option: string, onBusy: unknown): asserts onBusy is WithLockOnBusy | undefined {
  if (onBusy === undefined || onBusy === 'throw' || onBusy === 'skip' || typeof onBusy === 'function') return;
  throw new LockOptionsError(option, `must be 'throw', 'skip' or a function.`);
}

const WITH_LOCK = [...LOCK_OPTIONS, 'reentrant', 'onBusy'];
