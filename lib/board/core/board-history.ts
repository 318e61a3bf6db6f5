import type { Clock } from '../../ports/clock.interface';
import type { LockEvent } from '../../locking/api/lock-event.interface';
import type { BoardEvent, HotKey } from './board-state.interface';
import { detailOf } from './event-detail';

const MOST_EVENTS = 200;
const MOST_SHOWN_RESOURCES = 5;
const SECONDS = 60;
/** Of one second. Whoever locks ever new names must not fill the memory. */
const MOST_HOT = 500;
const SHOWN_HOT = 10;
/** Locks whose release was not told are forgotten, the oldest first. */
const MOST_HELD = 20_000;

type Count = { waits: number; busy: number; lost: number };
type Kind = keyof Count;

interface Second {
  readonly at: number;
  readonly counts: Map<string, Count>;
}

/** What the events of a lock service told: the last of them, and what was in the way in the last minute. */
export class BoardHistory {
  private readonly events: BoardEvent[] = [];
  /** By owner token, which several may have: the readers of a process, and those who have a lease one after another. */
  private readonly holds = new Map<string, { readonly since: number; readonly count: number }>();
  private seconds: Second[] = [];
  private lastId = 0;

  constructor(private readonly clock: Clock) {}

  note(event: LockEvent): void {
    if (event.type === 'extended') return;
    const at = this.clock.wallNow();
    if (event.type === 'acquired' || event.type === 'resumed') this.begin(event.ownerToken, at);
    if (event.type === 'released' || event.type === 'lost' || event.type === 'detached')
      this.end(event.ownerToken);
    this.count(event, at);
    const {
      resources = [],
      node,
      label,
    } = event as Partial<Record<'node' | 'label', string>> & {
      resources?: readonly string[];
    };
    const detail = detailOf(event);
    this.events.push({
      id: (this.lastId += 1),
      at,
      type: event.type,
      resources: resources.slice(0, MOST_SHOWN_RESOURCES),
      resourceCount: resources.length,
      ...(node === undefined ? {} : { node }),
      ...(label === undefined ? {} : { label }),
      ...(detail === undefined ? {} : { detail }),
    });
    if (this.events.length > MOST_EVENTS) this.events.shift();
  }

  /** Those after the event with this number, the oldest first. */
  since(id: number): BoardEvent[] {
    return this.events.filter((event) => event.id > id);
  }

  get last(): number {
    return this.lastId;
  }

  /** When this process got the lock; undefined for the locks of others. */
  heldSinceOf(ownerToken: string): number | undefined {
    return this.holds.get(ownerToken)?.since;
  }

  /** What was most in the way, first. */
  hot(): HotKey[] {
    const now = Math.floor(this.clock.wallNow() / 1_000);
    this.forgetBefore(now);
    const found = new Map<string, { total: Count; perSecond: number[] }>();
    for (const { at, counts } of this.seconds) {
      for (const [resource, { waits, busy, lost }] of counts) {
        const known = found.get(resource) ?? {
          total: { waits: 0, busy: 0, lost: 0 },
          perSecond: new Array<number>(SECONDS).fill(0),
        };
        found.set(resource, known);
        known.total.waits += waits;
        known.total.busy += busy;
        known.total.lost += lost;
        known.perSecond[SECONDS - 1 - (now - at)] = waits + busy + lost;
      }
    }
    return [...found]
      .map(([resource, { total, perSecond }]) => ({ resource, ...total, perSecond }))
      .sort((a, b) => sumOf(b) - sumOf(a) || (a.resource < b.resource ? -1 : 1))
      .slice(0, SHOWN_HOT);
  }

  private begin(ownerToken: string, at: number): void {
    const count = (this.holds.get(ownerToken)?.count ?? 0) + 1;
    this.holds.set(ownerToken, { since: at, count });
    if (this.holds.size <= MOST_HELD) return;
    const [oldest] = this.holds.keys();
    if (oldest !== undefined) this.holds.delete(oldest);
  }

  private end(ownerToken: string): void {
    const hold = this.holds.get(ownerToken);
    if (hold === undefined) return;
    if (hold.count > 1) this.holds.set(ownerToken, { ...hold, count: hold.count - 1 });
    else this.holds.delete(ownerToken);
  }

  private count(event: LockEvent, at: number): void {
    const kind = kindOf(event);
    if (kind === undefined || !('resources' in event)) return;
    const now = Math.floor(at / 1_000);
    let second = this.seconds.at(-1);
    if (second?.at !== now) {
      this.forgetBefore(now);
      second = { at: now, counts: new Map() };
      this.seconds.push(second);
    }
    for (const resource of event.resources.slice(0, MOST_SHOWN_RESOURCES)) {
      const known = second.counts.get(resource);
      if (known !== undefined) known[kind] += 1;
      else if (second.counts.size < MOST_HOT)
        second.counts.set(resource, { waits: 0, busy: 0, lost: 0, [kind]: 1 });
    }
  }

  /** A clock that was set back must not keep what is of no minute any more. */
  private forgetBefore(now: number): void {
    this.seconds = this.seconds.filter(({ at }) => at > now - SECONDS && at <= now);
  }
}

function kindOf(event: LockEvent): Kind | undefined {
  if (event.type === 'busy') return 'busy';
  if (event.type === 'lost') return 'lost';
  return event.type === 'acquired' && event.contended === true ? 'waits' : undefined;
}

function sumOf({ waits, busy, lost }: Count): number {
  return waits + busy + lost;
}
