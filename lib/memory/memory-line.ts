import { type LockMode, mayPassInLine, nameInLine } from '../ports/lock-mode';
import type { LineEntry, LinePlace } from '../ports/lock-node.interface';
import { Sweep } from './sweep';

/** A caller in the line. */
interface Waiter {
  readonly id: string;
  readonly mode: LockMode;
  readonly permits: number;
  readonly limit: number | undefined;
  readonly ticket: number;
  /** The end of the entry on the node's clock, if nobody refreshes it. */
  readonly endsAtMs: number;
}

/** The part of the line that comes before a caller. */
export interface LookAtLine {
  /** The number of releases that the caller should let pass. */
  readonly ahead: number;
  /** The time at which the first entry in the way ends. Undefined if none is in the way. */
  readonly freeAtMs: number | undefined;
}

/** The permits of a resource, as a caller that wants some of them sees them. */
export interface Room {
  readonly limit: number;
  /** The number of permits of each holder. */
  readonly held: readonly number[];
}

const NO_ROOM: Room = { limit: 0, held: [] };

/** The number of callers that are looked at. A caller behind all of these has to wait anyway. */
const MOST_LOOKED_AT = 64;

/** The most callers in the line of a resource. Later ones compete with all others, as without a line. */
const MOST_IN_LINE = 1_000;

type Line = Map<string, Waiter>;

/**
 * The lines of a node in this process: who waits for which resource, and in which order.
 *
 * ```text
 *  line of "report", by ticket                  x: exclusive   s: reader   p2: two permits
 *    ticket 17.203  a x     first
 *    ticket 17.204  b s     waits for a
 *    ticket 17.209  c s     waits for a, passes b: readers go together
 * ```
 */
export class MemoryLine {
  private readonly lines = new Map<string, Line>();
  private readonly sweep = new Sweep();

  /** Returns how many wait. */
  count(resource: string, now: number): number {
    return this.alive(resource, now)?.size ?? 0;
  }

  /**
   * @param room the permits, for a caller that wants some
   * @param isDenied true if something else is in the way
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
    // A caller that has to wait for a release anyway wakes at the last of the missing releases.
    const ahead = others.length + releasesFor(missing, before, room) - (isShort && isDenied ? 1 : 0);
    const inTheWay = others[0] ?? (isShort ? before[0] : undefined);
    return { ahead, freeAtMs: inTheWay?.endsAtMs };
  }

  /** Enters a caller in the line, or keeps it there for longer. A caller without a ticket is not entered. */
  enter(resource: string, mode: LockMode, entry: LineEntry, now: number): void {
    const { ticket, permits = 0, limit, entryMs } = entry;
    if (ticket === undefined) return;
    const line = this.alive(resource, now) ?? new Map<string, Waiter>();
    const name = nameInLine(mode, entry);
    if (line.size >= MOST_IN_LINE && !line.has(name)) return;
    this.lines.set(resource, line);
    line.set(name, { id: entry.id, mode, permits, limit, ticket, endsAtMs: now + entryMs });
  }

  /**
   * Returns the ids of the callers whose turn it is beside `members`: the first in line, and the callers that go
   * together with it.
   *
   * @param members the readers, and the holders of permits
   * @param gained the number of permits that have just become free. Callers that had room without them were told
   *   before; of these, only the first in line is told again
   */
  next(
    resource: string,
    members: readonly { readonly slot: number | undefined }[],
    gained: number,
    now: number,
  ): string[] {
    const waiters = this.inOrder(resource, now);
    const [first] = waiters;
    if (first?.mode === 'exclusive') return members.length === 0 ? [first.id] : [];
    const used = members.filter(({ slot }) => slot !== undefined).length;
    let [wanted, room] = [0, Infinity];
    const ids: string[] = [];
    for (const { id, mode, permits, limit = Infinity } of waiters) {
      wanted += permits;
      room = Math.min(room, mode === 'limited' ? limit - used : Infinity);
      if (mode !== first?.mode || wanted > room) break;
      const isNews = mode !== 'limited' || wanted > room - gained;
      if (isNews || id === first.id) ids.push(id);
    }
    return ids;
  }

  /** @returns where the caller stood. Undefined if it did not stand there */
  leave(
    resource: string,
    mode: LockMode,
    place: LinePlace,
    now: number,
  ): { readonly wasFirst: boolean } | undefined {
    const line = this.alive(resource, now);
    const name = nameInLine(mode, place);
    if (line?.has(name) !== true) return undefined;
    const wasFirst = this.entriesInOrder(resource, now)[0]?.[0] === name;
    line.delete(name);
    if (line.size === 0) this.lines.delete(resource);
    return { wasFirst };
  }

  /** The id of the caller that stands before all others. */
  first(resource: string, now: number): string | undefined {
    return this.inOrder(resource, now)[0]?.id;
  }

  dropExpired(now: number): void {
    this.sweep.ifGrown(this.lines, (line) => [...line.values()].every(({ endsAtMs }) => endsAtMs <= now));
  }

  clear(): void {
    this.lines.clear();
  }

  /**
   * The callers with a lower ticket, or with an equal ticket and a lower name. All others come before a caller
   * without a ticket.
   */
  private before(resource: string, mode: LockMode, entry: LineEntry, now: number): Waiter[] {
    const { ticket = Infinity } = entry;
    const mine = nameInLine(mode, entry);
    return this.entriesInOrder(resource, now)
      .filter(
        ([name, waiter]) =>
          name !== mine && (waiter.ticket < ticket || (waiter.ticket === ticket && name < mine)),
      )
      .map(([, waiter]) => waiter);
  }

  private inOrder(resource: string, now: number): Waiter[] {
    return this.entriesInOrder(resource, now).map(([, waiter]) => waiter);
  }

  /** The first {@link MOST_LOOKED_AT} entries, by ticket. */
  private entriesInOrder(resource: string, now: number): [name: string, waiter: Waiter][] {
    return [...(this.alive(resource, now) ?? [])]
      .sort(([a, one], [b, other]) => one.ticket - other.ticket || (a < b ? -1 : 1))
      .slice(0, MOST_LOOKED_AT);
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
 * Counts how many permits are missing if the caller gets its permits beside all waiters before it. The limit of
 * each waiter counts: a waiter with a smaller limit would find no room beside the caller, and others would take
 * that room for ever.
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
 * The least number of releases that free so many permits. The present holders release first, those with most
 * permits before the others, and then the callers that come before. The number must not be too high: a caller that
 * lets too many releases pass would sleep although it is its turn.
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
