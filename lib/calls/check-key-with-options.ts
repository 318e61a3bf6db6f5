import { LockOptionsError } from '../errors/lock-options.error';
import { targetsIn } from '../keys/lock-targets';
import { readWithLockOptions, type WithLockOptions } from '../locking/api/with-lock-options';

/**
 * Checks if the options of a place fit its key. A key tells without a call how many resources it names and which
 * are only read, unless it is a function. So a mistake is found before the first call.
 *
 * @param place for people: `@Locked on OrderService.pay`
 * @returns the options; those of a shared lock if all resources are only read
 * @throws LockOptionsError
 */
export function checkKeyWithOptions(key: unknown, options: WithLockOptions, place: string): WithLockOptions {
  const targets = targetsIn(key);
  if (targets === undefined) return options;
  const areAllShared = targets.exclusive.size === 0;
  try {
    if (options.limit !== undefined && (areAllShared || targets.names.size > 1)) {
      throw new LockOptionsError(
        'limit',
        'is for one exclusive resource, but the key names several, or a shared one. Take a separate lock for it.',
      );
    }
    if (!areAllShared) return options;
    const shared = { ...options, mode: 'shared' } as const;
    readWithLockOptions(shared);
    return shared;
  } catch (error) {
    throw error instanceof LockOptionsError ? error.at(place) : error;
  }
}

/**
 * Tells if a lock on that key is exclusive on some of its resources and shared on others, as far as that is known.
 */
export function isMixedKey(key: unknown): boolean {
  const targets = targetsIn(key);
  return targets !== undefined && targets.exclusive.size > 0 && targets.exclusive.size < targets.names.size;
}
