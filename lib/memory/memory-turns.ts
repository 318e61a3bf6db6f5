import { TURN } from '../ports/lock-mode';
import type { MemoryState } from './memory-state';

/**
 * Returns the ids of the callers in the line of a resource whose turn it is now (R32).
 *
 * @param ending the owner token of a lease that ends. It may be kept for a while, and is still not in the way: the
 *   next caller should learn for how long
 * @param gained the number of permits that have just become free
 */
export function idsInTurn(
  { owners, members, line }: MemoryState,
  resource: string,
  ending: string,
  gained: number,
  now: number,
): readonly string[] {
  const owner = owners.find(resource, now)?.ownerToken;
  if (owner !== undefined && owner !== TURN && owner !== ending) return [];
  const others = members.of(resource, now).filter(({ ownerToken }) => ownerToken !== ending);
  return line.next(resource, others, gained, now);
}
