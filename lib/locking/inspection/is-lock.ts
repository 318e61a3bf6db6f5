import { FENCE_COUNTERS, LINE_ENDS, LINES, TRIALS } from '../../core/reserved-names';
import type { NodeHold } from '../../ports/node-hold.interface';

/**
 * Whether what a node has at a resource can be a lock, of this library or of another one that locks in the same way; or is a
 * key of another program in the place of one. The counters of fencing tokens may be there too, also those of a longer
 * prefix, the lines of those who wait, and what `doctor` tries.
 */
export function isInPlaceOfLock(resource: string, { ownerToken, foreignType }: NodeHold): boolean {
  const isCounter = resource.includes(FENCE_COUNTERS) && /^\d+$/.test(ownerToken);
  const isLine = resource.startsWith(`${LINES}:`) || resource.startsWith(`${LINE_ENDS}:`);
  const isThere = ownerToken !== '' || foreignType !== undefined;
  return isThere && !isCounter && !isLine && !isTrial(resource);
}

/** Also of a lock on several resources, whose names have a hash tag. */
export function isTrial(resource: string): boolean {
  return resource.includes(TRIALS);
}
