import { TURN } from '../ports/lock-mode';
import type { MemoryState } from './memory-state';

/**
 * The ids of those in the line of a resource whose turn it is now (R32).
 *
 * @param ending the owner token of a hold that ends, and may be kept for a while: whoever is next should know for how long
 * @param gained so many permits are free that were not
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
