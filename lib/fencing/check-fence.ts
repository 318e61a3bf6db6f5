import { LockOptionsError } from '../errors/lock-options.error';
import type { Fence } from './fence';

/**
 * Of a fence that came by another way than our headers: no number is above one that is none, so that a store which
 * remembers such a one would refuse all holders from then on.
 *
 * @throws LockOptionsError
 */
export function checkFence(fence: Fence | undefined): Fence {
  const { token, owner } = (fence ?? {}) as Partial<Record<keyof Fence, unknown>>;
  if (!Number.isSafeInteger(token) || (token as number) <= 0) {
    throw new LockOptionsError('token', 'of a fence must be a safe integer above 0.');
  }
  if (typeof owner !== 'string' || owner === '' || owner.length > LONGEST_OWNER) {
    throw new LockOptionsError(
      'owner',
      `of a fence must be a text of 1 to ${LONGEST_OWNER.toString()} characters.`,
    );
  }
  return fence as Fence;
}

/** The same limit as that of the header. */
const LONGEST_OWNER = 128;
