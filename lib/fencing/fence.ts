import { createHash } from 'node:crypto';
import { LockOptionsError } from '../errors/lock-options.error';
import type { Lock } from '../locking/api/lock.interface';

/** The fence that a write carries, and that its target keeps of the last write. */
export interface Fence {
  /** A safe integer above 0. It is larger than that of every earlier lock on the resource. */
  readonly token: number;
  /**
   * A name of the lock, which tells two locks with the same number apart. It is 22 letters made of the owner
   * token, and not the token itself: that names the host of the holder, and whoever knows it could release the
   * lock.
   */
  readonly owner: string;
}

/** The part of a lock that is used. Any `Lock` has it. */
export type Fenceable = Pick<Lock, 'resources' | 'ownerToken' | 'fencingToken'>;

/**
 * Makes the fence of a lock, for its writes.
 *
 * @throws LockOptionsError if it is no lock, or one that was acquired without `fencing`
 * @example
 * const { token, owner } = fenceOf(lock);
 * await db.query('UPDATE orders SET state = $1, fence = $2, fence_owner = $3 WHERE …', [state, token, owner]);
 */
export function fenceOf(lock: Fenceable): Fence {
  const { fencingToken, ownerToken } = checkFenceable(lock);
  if (fencingToken === undefined) {
    throw new LockOptionsError(
      'fencing',
      'the lock has no fencing token. Take it with `fencing: true`, or set that in `defaults` of the module.',
    );
  }
  const owner = createHash('sha256').update(ownerToken).digest('base64url').slice(0, 22);
  return { token: fencingToken, owner };
}

/** Without types, this may be the lock that `current()` did not find. */
function checkFenceable(lock: Fenceable | undefined): Fenceable {
  if (typeof lock?.ownerToken === 'string') return lock;
  throw new LockOptionsError('lock', 'must be a lock, such as the one that a task of withLock gets.');
}

/** Tells if a write with `fence` may follow one with `last`: it comes from a later lock, or from the same one. */
export function mayFollow(fence: Fence, last: Fence | undefined): boolean {
  if (last === undefined || fence.token > last.token) return true;
  return fence.token === last.token && fence.owner === last.owner;
}
