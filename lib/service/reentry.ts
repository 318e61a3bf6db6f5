import { LockReentrancyError } from '../errors/lock-reentrancy.error';
import type { LockContext } from './lock-context';

/**
 * The lock that the running code may enter again; undefined: it holds none of the resources.
 *
 * @throws LockReentrancyError where it would wait for itself, or get less than it asked for
 */
export function frameToReenter(
  context: LockContext,
  names: readonly string[],
  reentrant: boolean,
  isFenced: boolean,
): ReturnType<LockContext['holdingAll']> {
  const frame = context.holdingAll(names);
  if (frame === undefined) {
    if (context.holdingSome(names) === undefined) return undefined;
    throw new LockReentrancyError(
      names,
      'it does not hold all of them in one lock. Take all of them together, further out.',
    );
  }
  if (!reentrant) {
    throw new LockReentrancyError(
      names,
      'it asked with `reentrant: false`. Take the lock once, further out.',
    );
  }
  if (isFenced && frame.lock.fencingToken === undefined) {
    throw new LockReentrancyError(
      names,
      'it holds them without a fencing token. Ask for `fencing` where the lock is taken, further out.',
    );
  }
  return frame;
}
