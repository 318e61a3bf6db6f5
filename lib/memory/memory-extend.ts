import { type LockMode, modeOf } from '../ports/lock-mode';
import type { ExtendRequest, ExtendVote } from '../ports/lock-node.interface';
import type { MemoryState } from './memory-state';

/**
 * The result of looking for a lease: somebody else has the resource, nobody has it, we have it, or (`inherited`)
 * the lease that we take over has it.
 */
type Found = 'foreign' | 'missing' | 'ours' | 'inherited';

/** A thing that is extended: a resource, a reader of it, or one of its permits. */
interface Kept {
  readonly resource: string;
  readonly mode: LockMode;
  readonly slot: number | undefined;
  readonly found: Found;
}

/** Extends what is ours, and puts back what is missing. It changes nothing if somebody else has any of it. */
export function extendInMemory(state: MemoryState, request: ExtendRequest, now: number): ExtendVote {
  const { putsBack = true } = request;
  const all = request.resources.flatMap((resource) => lookAt(state, request, resource, now));
  const isMissing = all.some(({ found }) => found === 'missing');
  if (all.some(({ found }) => found === 'foreign') || (isMissing && !putsBack)) {
    return { kind: 'denied', healed: false };
  }
  if (request.onlyLooks === true) return isMissing ? { kind: 'denied', healed: false } : { kind: 'granted' };
  for (const kept of all) keep(state, request, kept, now);
  state.dropExpired(now);
  return isMissing ? { kind: 'denied', healed: true } : { kind: 'granted' };
}

function lookAt(state: MemoryState, request: ExtendRequest, resource: string, now: number): Kept[] {
  const mode = modeOf(resource, request);
  const slots = mode === 'limited' ? (request.slots ?? []) : [undefined];
  return slots.map((slot) => ({
    resource,
    mode,
    slot,
    found:
      mode === 'exclusive'
        ? lookAtOwner(state, request, resource, now)
        : lookAtMember(state, request, resource, slot, now),
  }));
}

function lookAtOwner(state: MemoryState, request: ExtendRequest, resource: string, now: number): Found {
  const owner = state.owners.find(resource, now)?.ownerToken;
  if (owner === undefined) return state.members.of(resource, now).length > 0 ? 'foreign' : 'missing';
  if (owner === request.ownerToken) return 'ours';
  return owner === request.replaces ? 'inherited' : 'foreign';
}

/**
 * Looks at a reader or a permit. Another holder of the same slot is in the way (R25). Readers and holders of other
 * slots are not.
 */
function lookAtMember(
  { owners, members }: MemoryState,
  { ownerToken, replaces }: ExtendRequest,
  resource: string,
  slot: number | undefined,
  now: number,
): Found {
  if (owners.find(resource, now) !== undefined) return 'foreign';
  if (members.find(resource, ownerToken, slot, now) !== undefined) return 'ours';
  if (replaces !== undefined && members.find(resource, replaces, slot, now) !== undefined) return 'inherited';
  const isTaken = slot !== undefined && members.of(resource, now).some((other) => other.slot === slot);
  return isTaken ? 'foreign' : 'missing';
}

function keep(
  { owners, members }: MemoryState,
  { ownerToken, replaces = '', ttlMs }: ExtendRequest,
  { resource, mode, slot, found }: Kept,
  now: number,
): void {
  const untilMs = now + ttlMs;
  if (mode === 'exclusive') {
    // Never shorten: a later extension may have come first, and the holder counts on its ttl.
    const leastMs = found === 'ours' ? (owners.find(resource, now)?.expiresAtMs ?? 0) : 0;
    owners.put(resource, ownerToken, Math.max(leastMs, untilMs));
    return;
  }
  if (found === 'inherited') members.remove(resource, { ownerToken: replaces, slot });
  members.keep(resource, ownerToken, slot, untilMs);
}
