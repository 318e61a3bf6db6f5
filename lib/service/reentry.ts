import { LockReentrancyError } from '../errors/lock-reentrancy.error';
import type { Wanted } from '../locking/checks/check-kind';
import type { LockContext } from './lock-context';
import { whyNot } from './covers';

/**
 * The lock that the running code may enter again; undefined: it holds none of the resources.
 *
 * @throws LockReentrancyError where it would wait for itself, or get less than it asked for
 */
export function frameToReenter(
  context: LockContext,
  wanted: Wanted,
  reentrant: boolean,
): ReturnType<LockContext['holdingAll']> {
  const { resources, fencing } = wanted;
  const frame = context.holdingAll(wanted);
  if (frame === undefined) {
    const part = context.holdingSome(resources);
    if (part === undefined) return undefined;
    throw new LockReentrancyError(resources, whyNot(part.lock, wanted));
  }
  if (!reentrant) {
    throw new LockReentrancyError(
      resources,
      'it asked with `reentrant: false`. Take the lock once, in the outer call.',
    );
  }
  if (fencing && frame.lock.fencingToken === undefined) {
    throw new LockReentrancyError(
      resources,
      'it holds them without a fencing token. Ask for `fencing` where the lock is taken, in the outer call.',
    );
  }
  return frame;
}
