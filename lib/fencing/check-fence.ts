import { LockOptionsError } from '../errors/lock-options.error';
import type { Fence } from './fence';

/**
 * Checks a fence that did not come by our headers. No number is greater than a value that is no number, so a store
 * that keeps such a value would refuse all holders from then on.
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

/** The limit of the header, too. */
const LONGEST_OWNER = 128;
