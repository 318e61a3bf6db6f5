import type { PermitRequest } from '../ports/lock-node.interface';
import { Sweep } from './sweep';

/** A reader, or the holder of a permit. Only a permit has a slot. */
export interface Member {
  readonly ownerToken: string;
  readonly slot: number | undefined;
  readonly expiresAtMs: number;
}

type Slot = number | undefined;
type Members = Map<string, Member>;

/** The readers and permit holders of a node in this process. Each has an expiry of its own. */
export class MemoryMembers {
  private readonly byResource = new Map<string, Members>();
  private readonly sweep = new Sweep();

  /** Returns the members that have not ended, the one that ends first at the beginning. */
  of(resource: string, now: number): Member[] {
    // Usually nobody shares anything.
    if (this.byResource.size === 0) return [];
    const members = this.alive(resource, now);
    return members === undefined ? [] : [...members.values()].sort((a, b) => a.expiresAtMs - b.expiresAtMs);
  }

  find(resource: string, ownerToken: string, slot: Slot, now: number): Member | undefined {
    return this.alive(resource, now)?.get(nameOf(ownerToken, slot));
  }

  /** Adds a member, or keeps it for longer. It never ends earlier than it would anyway. */
  keep(resource: string, ownerToken: string, slot: Slot, untilMs: number): void {
    const before = this.byResource.get(resource)?.get(nameOf(ownerToken, slot));
    this.put(resource, { ownerToken, slot, expiresAtMs: Math.max(untilMs, before?.expiresAtMs ?? 0) });
  }

  put(resource: string, member: Member): void {
    const members = this.byResource.get(resource) ?? new Map<string, Member>();
    this.byResource.set(resource, members);
    members.set(nameOf(member.ownerToken, member.slot), member);
  }

  remove(resource: string, { ownerToken, slot }: Pick<Member, 'ownerToken' | 'slot'>): void {
    const members = this.byResource.get(resource);
    members?.delete(nameOf(ownerToken, slot));
    if (members?.size === 0) this.byResource.delete(resource);
  }

  /** The resources with members. Those that have ended are included until they are dropped. */
  resources(): Iterable<string> {
    return this.byResource.keys();
  }

  dropExpired(now: number): void {
    this.sweep.ifGrown(this.byResource, (members) =>
      [...members.values()].every(({ expiresAtMs }) => expiresAtMs <= now),
    );
  }

  clear(): void {
    this.byResource.clear();
  }

  private alive(resource: string, now: number): Members | undefined {
    const members = this.byResource.get(resource);
    if (members === undefined) return undefined;
    for (const [name, { expiresAtMs }] of members) if (expiresAtMs <= now) members.delete(name);
    if (members.size > 0) return members;
    this.byResource.delete(resource);
    return undefined;
  }
}

/**
 * The number of free permits. Permits that others took with a larger limit count too, whatever slots they have
 * (R27).
 */
export function freePermits(members: readonly Member[], { limit }: PermitRequest): number {
  return limit - members.filter(({ slot }) => slot !== undefined).length;
}

/** The number of permits of each holder. */
export function permitsOfEach(members: readonly Member[]): readonly number[] {
  const counts = new Map<string, number>();
  for (const { ownerToken, slot } of members)
    if (slot !== undefined) counts.set(ownerToken, (counts.get(ownerToken) ?? 0) + 1);
  return [...counts.values()];
}

/** The slots for a request: exactly those that it names, or the first free ones. Undefined if they are not free. */
export function slotsFor(
  members: readonly Member[],
  { limit, permits, start, exact }: PermitRequest,
): readonly number[] | undefined {
  const taken = new Set(members.map(({ slot }) => slot));
  if (exact !== undefined) return exact.some((slot) => taken.has(slot)) ? undefined : exact;
  const inOrder = Array.from({ length: limit }, (_, distance) => (start + distance) % limit);
  const free = inOrder.filter((slot) => !taken.has(slot)).slice(0, permits);
  return free.length === permits ? free : undefined;
}

function nameOf(ownerToken: string, slot: Slot): string {
  return `${slot ?? ''}|${ownerToken}`;
}
