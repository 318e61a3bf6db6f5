import { FENCE_COUNTERS, LINE_ENDS, LINES, TRIALS } from '../../ports/reserved-names';
import type { NodeHold } from '../../ports/node-hold.interface';

/**
 * Tells if something on a node is a lock, of this library or of another one that locks in the same way, or the key
 * of another program in the place of a lock. Three things are none: counters of fencing tokens (also those of a
 * longer prefix), lines of waiters, and what `doctor` tries.
 */
export function isInPlaceOfLock(resource: string, { ownerToken, foreignType }: NodeHold): boolean {
  const isCounter = resource.includes(FENCE_COUNTERS) && /^\d+$/.test(ownerToken);
  const isLine = resource.startsWith(`${LINES}:`) || resource.startsWith(`${LINE_ENDS}:`);
  const isThere = ownerToken !== '' || foreignType !== undefined;
  return isThere && !isCounter && !isLine && !isTrial(resource);
}

/** True for a trial of `doctor`, even on several resources, whose names have a hash tag. */
export function isTrial(resource: string): boolean {
  return resource.includes(TRIALS);
}
