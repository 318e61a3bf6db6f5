import type { ListedPart, ListRequest } from '../ports/node-listing.interface';
import { isLike } from './glob';
import { inspectInMemory } from './memory-inspect';
import type { MemoryState } from './memory-state';

/** Lists what is held, in one part. `listening` returns how many wait to hear of a release of a resource. */
export function listInMemory(
  state: MemoryState,
  { pattern, resources }: ListRequest,
  now: number,
  listening: (resource: string) => number,
): ListedPart {
  const names =
    resources ??
    [...state.owners.resources(), ...state.members.resources()].filter((name) => isLike(name, pattern));
  const holds = names.flatMap((resource) => {
    const hold = inspectInMemory(state, resource, now);
    if (hold === null) return [];
    return [{ resource, ...hold, waiting: Math.max(listening(resource), hold.waiting ?? 0) }];
  });
  return { holds, pace: { roundTripMs: 0, clockAheadMs: 0 } };
}
