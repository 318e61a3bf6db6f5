import { TURN } from '../ports/lock-mode';
import type { NodeHold } from '../ports/lock-node.interface';
import type { ListedPart, ListRequest } from '../ports/node-listing.interface';
import { isLike } from './glob';
import type { MemoryState } from './memory-state';

/** Tells who holds a resource, and how many wait for it. */
export function inspectInMemory(state: MemoryState, resource: string, now: number): NodeHold | null {
  const count = state.line.count(resource, now);
  const waiting = count > 0 ? { waiting: count } : {};
  const owner = state.owners.find(resource, now);
  if (owner !== undefined) {
    const { ownerToken, expiresAtMs } = owner;
    // A free resource that is kept for the line has no holder.
    return ownerToken === TURN ? null : { ownerToken, ttlMs: expiresAtMs - now, ...waiting };
  }
  const members = state.members.of(resource, now).map(({ ownerToken, slot, expiresAtMs }) => ({
    ownerToken,
    ttlMs: expiresAtMs - now,
    ...(slot === undefined ? {} : { slot }),
  }));
  const last = members.at(-1);
  return last === undefined ? null : { ownerToken: last.ownerToken, ttlMs: last.ttlMs, members, ...waiting };
}

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
