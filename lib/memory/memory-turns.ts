import { TURN } from '../ports/lock-mode';
import type { Freed } from './memory-release';
import type { MemoryState } from './memory-state';

/**
 * Returns the ids of the callers in the line of a resource whose turn it is now (R32).
 *
 * @param ending the owner token of a lease that ends. It may be kept for a while, and is still not in the way: the
 *   next caller should learn for how long
 * @param freed what has just become free
 */
export function idsInTurn(
  { owners, members, line }: MemoryState,
  { resource, permits, hasNewFirst }: Freed,
  ending: string,
  now: number,
): readonly string[] {
  const owner = owners.find(resource, now)?.ownerToken;
  if (owner !== undefined && owner !== TURN && owner !== ending) {
    // Only the first in line hears of the release of an exclusive holder, so it has to know that it is the first.
    const first = hasNewFirst === true ? line.first(resource, now) : undefined;
    return first === undefined ? [] : [first];
  }
  const others = members.of(resource, now).filter(({ ownerToken }) => ownerToken !== ending);
  return line.next(resource, others, permits, now);
}
