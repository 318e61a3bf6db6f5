import { modeOf, TURN } from '../ports/lock-mode';
import type { LeaveRequest, LeaveVote, ReleaseRequest } from '../ports/lock-node.interface';
import type { Member } from './memory-members';
import type { MemoryState } from './memory-state';

/** The result of a release. */
export interface Removal {
  /** True if all of it was ours. */
  readonly isWhole: boolean;
  /** The resources whose waiters should be told. */
  readonly freed: readonly Freed[];
}

/** A resource at which a lease or a place in line has ended. */
export interface Freed {
  readonly resource: string;
  /** The number of permits that have ended. Infinity if something else has ended, which makes room for everybody. */
  readonly permits: number;
  /** True if the first in line has left it, so that another one is the first now. */
  readonly hasNewFirst?: boolean;
}

/** Removes what the owner token has, and nothing else. With `keepMs`, it lets it expire after that time instead. */
export function releaseInMemory(state: MemoryState, request: ReleaseRequest, now: number): Removal {
  const freed: Freed[] = [];
  let isWhole = true;
  for (const resource of request.resources) {
    const { found, wanted, isFreed } =
      modeOf(resource, request) === 'exclusive'
        ? removeOwner(state, request, resource, now)
        : removeMembers(state, request, resource, now);
    if (found < wanted) isWhole = false;
    if (found === 0) continue;
    if (isFreed) freed.push({ resource, permits: request.slots === undefined ? Infinity : found });
    // The grant that is removed had taken the caller out of the line, so it gets its place back.
    if (request.line !== undefined) state.line.enter(resource, modeOf(resource, request), request.line, now);
    leaveTurn(state, request, resource, now);
  }
  return { isWhole, freed };
}

/** Takes a caller out of the lines, and returns the resources in whose line it stood. */
export function leaveInMemory(
  { line }: MemoryState,
  request: LeaveRequest,
  now: number,
): { readonly vote: LeaveVote; readonly left: readonly Freed[] } {
  const permits = request.line.permits ?? Infinity;
  const left = request.resources.flatMap((resource) => {
    const place = line.leave(resource, modeOf(resource, request), request.line, now);
    return place === undefined ? [] : [{ resource, permits, hasNewFirst: place.wasFirst }];
  });
  return { vote: { kind: left.length > 0 ? 'granted' : 'denied' }, left };
}

interface Removed {
  readonly found: number;
  readonly wanted: number;
  /** True if a waiter may go on. */
  readonly isFreed: boolean;
}

function removeOwner(
  { owners }: MemoryState,
  request: ReleaseRequest,
  resource: string,
  now: number,
): Removed {
  const { ownerToken, keepMs } = request;
  if (owners.find(resource, now)?.ownerToken !== ownerToken) return { found: 0, wanted: 1, isFreed: false };
  if (keepMs === undefined) owners.remove(resource);
  else owners.put(resource, ownerToken, now + keepMs);
  return { found: 1, wanted: 1, isFreed: true };
}

/**
 * Removes members, and never the whole resource (R23). Waiters hear only of the last reader, since nobody could go
 * on before that.
 */
function removeMembers(
  { members }: MemoryState,
  request: ReleaseRequest,
  resource: string,
  now: number,
): Removed {
  const { ownerToken, keepMs, slots } = request;
  const isMeant = ({ slot }: Member) =>
    slots === undefined
      ? slot === undefined
      : slot !== undefined && (slots === 'all' || slots.includes(slot));
  const mine = members.of(resource, now).filter((one) => one.ownerToken === ownerToken && isMeant(one));
  for (const member of mine) {
    if (keepMs === undefined) members.remove(resource, member);
    else members.put(resource, { ...member, expiresAtMs: now + keepMs });
  }
  const wanted = Array.isArray(slots) ? slots.length : 1;
  const others = members.of(resource, now).filter((one) => one.ownerToken !== ownerToken);
  return { found: mine.length, wanted, isFreed: slots !== undefined || others.length === 0 };
}

/**
 * Keeps a resource for its line for a moment, if nothing is left there and a caller other than the releaser waits.
 */
function leaveTurn(
  { owners, members, line }: MemoryState,
  request: ReleaseRequest,
  resource: string,
  now: number,
): void {
  const { turnMs = 0 } = request;
  const isFree = owners.find(resource, now) === undefined && members.of(resource, now).length === 0;
  if (turnMs > 0 && isFree && line.count(resource, now) > 0) owners.put(resource, TURN, now + turnMs);
}
