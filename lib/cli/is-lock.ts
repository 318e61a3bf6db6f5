import { FENCE_COUNTERS } from '../core/reserved-names';
import type { NodeHold } from '../core/lock-node.interface';

/**
 * Whether a string below the prefix can be a lock: of this library, or of another one that locks in the same way. The
 * counters of fencing tokens are there too, also those of a longer prefix.
 */
export function isLock(key: string, { ownerToken }: NodeHold): boolean {
  return ownerToken !== '' && !(key.includes(FENCE_COUNTERS) && /^\d+$/.test(ownerToken));
}
