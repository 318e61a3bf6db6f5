import { LockOptionsError } from '../errors/lock-options.error';
import { checkEachLockOption, LOCK_OPTIONS } from './check-lock-options';
import type { LockOptions } from './lock-options';
import { readOptions } from './read-options';

/** Options of `withLock`. */
export interface WithLockOptions extends LockOptions {
  /**
   * Whether code that holds the resources already enters again at once. False: it gets a `LockReentrancyError`.
   *
   * @default true
   */
  reentrant?: boolean;
}

/** The one option that is not the lock's own. */
export interface ReadOptions {
  readonly reentrant: boolean;
  /** Undefined: none, and nothing has to be checked. */
  readonly lockOptions: LockOptions | undefined;
}

export const NO_OPTIONS: ReadOptions = { reentrant: true, lockOptions: undefined };

export function readWithLockOptions(given: WithLockOptions): ReadOptions {
  const { reentrant = true, ...lockOptions } = readOptions(given, WITH_LOCK, {
    name: 'options',
    what: ' of lock options',
    each: 'a lock option',
  });
  if (typeof reentrant !== 'boolean') throw new LockOptionsError('reentrant', 'must be true or false.');
  return { reentrant, lockOptions: checkEachLockOption(lockOptions) };
}

const WITH_LOCK = [...LOCK_OPTIONS, 'reentrant'];
