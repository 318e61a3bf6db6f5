import { TURN } from '../ports/lock-mode';
import type { NodeHold } from '../ports/lock-node.interface';
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
