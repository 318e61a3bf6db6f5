import { FENCE_COUNTERS } from '../../core/reserved-names';
import type { NodeHold } from '../../ports/lock-node.interface';
import { TRIAL_NAME } from './trial-name';

/**
 * Whether a string below the prefix can be a lock: of this library, or of another one that locks in the same way. The
 * counters of fencing tokens are there too, also those of a longer prefix, and what `doctor` tries.
 */
export function isLock(key: string, { ownerToken }: NodeHold): boolean {
  const isCounter = key.includes(FENCE_COUNTERS) && /^\d+$/.test(ownerToken);
  return ownerToken !== '' && !isCounter && !isTrial(key);
}

/** Also of a lock on several resources, whose names have a hash tag. */
export function isTrial(key: string): boolean {
  return key.includes(TRIAL_NAME);
}
