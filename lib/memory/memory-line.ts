import { type LockMode, mayPassInLine, nameInLine } from '../ports/lock-mode';
import type { LineEntry, LinePlace } from '../ports/lock-node.interface';
import { Sweep } from './sweep';

/** Somebody who waits. */
interface Waiter {
  readonly mode: LockMode;
  readonly permits: number;
  readonly limit: number | undefined;
  readonly ticket: number;
  /** On the node's clock, if nobody renews it. */
  readonly endsAtMs: number;
}

/** What a caller finds before it. */
export interface LookAtLine {
  /** How many releases it should let pass. */
  readonly ahead: number;
  /** When the first entry in the way ends; undefined where none is in the way. */
  readonly freeAtMs: number | undefined;
}

/** The permits of a resource, as one who wants some of them has it. */
export interface Room {
  readonly limit: number;
  /** How many permits each holder has. */
  readonly held: readonly number[];
}

const NO_ROOM: Room = { limit: 0, held: [] };

/** So many waiters are looked at: whoever is further back waits in any case. */
const MOST_LOOKED_AT = 64;

/** So many wait in the line of a resource. Whoever comes later competes with all others, as without a line. */
const MOST_IN_LINE = 1_000;

type Line = Map<string, Waiter>;

/** The lines of a node in this process: who waits for which resource, and in which order. */
export class MemoryLine {
  private readonly lines = new Map<string, Line>();
  private readonly sweep = new Sweep();

  /** How many wait. */
  count(resource: string, now: number): number {
    return this.alive(resource, now)?.size ?? 0;
  }

  /**
   * @param room for one who wants permits
   * @param isDenied whether something else is in the way
   */
  look(
    resource: string,
    mode: LockMode,
    entry: LineEntry,
    now: number,
    room: Room = NO_ROOM,
    isDenied = false,
  ): LookAtLine {
    const before = this.before(resource, mode, entry, now);
    const others = before.filter((waiter) => !mayPassInLine(mode, waiter.mode));
    if (mode !== 'limited') return { ahead: others.length, freeAtMs: others[0]?.endsAtMs };
    const { permits = 1 } = entry;
    const missing = missingFor(before, permits, room);
    const isShort = missing > 0;
    // Of the releases that are missing the last one is the caller's, where it waits for one in any case.
    const ahead = others.length + releasesFor(missing, before, room) - (isShort && isDenied ? 1 : 0);
    const inTheWay = others[0] ?? (isShort ? before[0] : undefined);
    return { ahead, freeAtMs: inTheWay?.endsAtMs };
  }

  /** Without a ticket it is not entered. Who stands there already stays for longer. */
  enter(resource: string, mode: LockMode, entry: LineEntry, now: number): void {
    const { ticket, permits = 0, limit, entryMs } = entry;
    if (ticket === undefined) return;
    const line = this.alive(resource, now) ?? new Map<string, Waiter>();
    const name = nameInLine(mode, entry);
    if (line.size >= MOST_IN_LINE && !line.has(name)) return;
    this.lines.set(resource, line);
    line.set(name, { mode, permits, limit, ticket, endsAtMs: now + entryMs });
  }

  /** @returns whether it stood there */
  leave(resource: string, mode: LockMode, place: LinePlace, now: number): boolean {
    const line = this.alive(resource, now);
    const stoodThere = line?.delete(nameInLine(mode, place)) ?? false;
    if (line?.size === 0) this.lines.delete(resource);
    return stoodThere;
  }

  dropExpired(now: number): void {
    this.sweep.ifGrown(this.lines, (line) => [...line.values()].every(({ endsAtMs }) => endsAtMs <= now));
  }

  clear(): void {
    this.lines.clear();
  }

  /** Those with a lower ticket, or with the same one and a lower name. Without a ticket everybody else comes first. */
  private before(resource: string, mode: LockMode, entry: LineEntry, now: number): Waiter[] {
    const { ticket = Infinity } = entry;
    const mine = nameInLine(mode, entry);
    return [...(this.alive(resource, now) ?? [])]
      .sort(([a, one], [b, other]) => one.ticket - other.ticket || (a < b ? -1 : 1))
      .slice(0, MOST_LOOKED_AT)
      .filter(
        ([name, waiter]) =>
          name !== mine && (waiter.ticket < ticket || (waiter.ticket === ticket && name < mine)),
      )
      .map(([, waiter]) => waiter);
  }

  private alive(resource: string, now: number): Line | undefined {
    const line = this.lines.get(resource);
    if (line === undefined) return undefined;
    for (const [name, { endsAtMs }] of line) if (endsAtMs <= now) line.delete(name);
    if (line.size > 0) return line;
    this.lines.delete(resource);
    return undefined;
  }
}

/**
 * How many permits are missing until the caller has what it wants beside all that come before it, in order, each by its own
 * limit: one with a smaller limit would find no room beside the caller, and others would keep that room for ever.
 */
function missingFor(
  before: readonly Pick<Waiter, 'permits' | 'limit'>[],
  own: number,
  { limit, held }: Room,
): number {
  const used = sum(held);
  let [wanted, missing] = [own, 0];
  for (const one of [...before, { permits: 0, limit }]) {
    wanted += one.permits;
    const free = Math.max(0, ((one.permits > 0 ? one.limit : undefined) ?? limit) - used);
    missing = Math.max(missing, wanted - free);
  }
  return missing;
}

/**
 * How many releases bring so many permits, at least: those of the holders, the ones with most permits first, and then of those
 * who come before. A caller that lets too many of them pass sleeps although it is its turn.
 */
function releasesFor(missing: number, before: readonly Waiter[], { held }: Room): number {
  const inTurn = [...[...held].sort((a, b) => b - a), ...before.map(({ permits }) => permits)].filter(
    (permits) => permits > 0,
  );
  let [left, releases] = [missing, 0];
  for (const permits of inTurn) {
    if (left <= 0) break;
    left -= permits;
    releases += 1;
  }
  return releases;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
