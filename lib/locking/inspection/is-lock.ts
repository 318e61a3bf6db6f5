import { FENCE_COUNTERS, TRIALS } from '../../core/reserved-names';
import type { NodeHold } from '../../ports/node-hold.interface';

/**
 * Whether what a node has at a resource can be a lock: of this library, or of another one that locks in the same way. The
 * counters of fencing tokens may be there too, also those of a longer prefix, and what `doctor` tries.
 */
export function isLock(resource: string, { ownerToken }: NodeHold): boolean {
  const isCounter = resource.includes(FENCE_COUNTERS) && /^\d+$/.test(ownerToken);
  return ownerToken !== '' && !isCounter && !isTrial(resource);
}

/** Also of a lock on several resources, whose names have a hash tag. */
export function isTrial(resource: string): boolean {
  return resource.includes(TRIALS);
}
