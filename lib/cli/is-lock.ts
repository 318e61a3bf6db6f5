import type { NodeHold } from '../core/lock-node.interface';

/**
 * Whether a string below the prefix can be a lock: of this library, or of another one that locks in the same way. With
 * an empty prefix, or one that says so, the counters of fencing tokens are there too.
 */
export function isLock(key: string, { ownerToken }: NodeHold): boolean {
  return ownerToken !== '' && !(key.startsWith('fence:') && /^\d+$/.test(ownerToken));
}
