import { createHash } from 'node:crypto';
import { LockOptionsError } from '../errors/lock-options.error';
import type { Lock } from '../locking/api/lock.interface';

/** What a write carries with it, and what the place that is written to keeps of the last one. */
export interface Fence {
  /** A safe integer above 0, larger than that of every earlier hold of the resource. */
  readonly token: number;
  /**
   * Which hold it is, for two with the same number. 22 letters made of the owner token: not that itself, since it names
   * the host of the holder, and whoever knows it could release the lock.
   */
  readonly owner: string;
}

/** What is used of a lock; any `Lock` will do. */
export type Fenceable = Pick<Lock, 'resources' | 'ownerToken' | 'fencingToken'>;

/**
 * The fence of a lock, for what it writes.
 *
 * @throws LockOptionsError for a lock that was taken without `fencing`
 * @example
 * const { token, owner } = fenceOf(lock);
 * await db.query('UPDATE orders SET state = $1, fence = $2, fence_owner = $3 WHERE …', [state, token, owner]);
 */
export function fenceOf({ fencingToken, ownerToken }: Fenceable): Fence {
  if (fencingToken === undefined) {
    throw new LockOptionsError(
      'fencing',
      'the lock has no fencing token. Take it with `fencing: true`, or set that in `defaults` of the module.',
    );
  }
  const owner = createHash('sha256').update(ownerToken).digest('base64url').slice(0, 22);
  return { token: fencingToken, owner };
}

/** Whether a write with `fence` may follow one with `last`: of a later hold, or of the same one. */
export function mayFollow(fence: Fence, last: Fence | undefined): boolean {
  if (last === undefined || fence.token > last.token) return true;
  return fence.token === last.token && fence.owner === last.owner;
}
