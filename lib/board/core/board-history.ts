import type { Clock } from '../../ports/clock.interface';
import type { LockEvent } from '../../locking/api/lock-event.interface';
import type { BoardEvent, HotKey } from './board-state.interface';
import { detailOf } from './event-detail';

const MOST_EVENTS = 200;
const MOST_SHOWN_RESOURCES = 5;
const SECONDS = 60;
/** The most hot keys of one second. A process that locks ever new names must not fill the memory. */
const MOST_HOT = 500;
const SHOWN_HOT = 10;
/** The most held locks. If the release of a lock was not reported, it is forgotten, the oldest first. */
const MOST_HELD = 20_000;

type Count = { waits: number; busy: number; lost: number };
type Kind = keyof Count;

interface Second {
  readonly at: number;
  readonly counts: Map<string, Count>;
}

/** Keeps the events of a lock service: the last ones, and the contention of the last minute. */
export class BoardHistory {
  private readonly events: BoardEvent[] = [];
  /**
   * The held locks by owner token. Several holders may have one token: the readers of a process, and callers that
   * get a lease one after another.
   */
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

  /** The events after the event with this number, the oldest first. */
  since(id: number): BoardEvent[] {
    return this.events.filter((event) => event.id > id);
  }

  get last(): number {
    return this.lastId;
  }

  /** The time at which this process got the lock. Undefined for locks of other processes. */
  heldSinceOf(ownerToken: string): number | undefined {
    return this.holds.get(ownerToken)?.since;
  }

  /** The hot keys, those with most contention first. */
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

  /** Forgets old seconds. It also forgets seconds in the future, which a clock that was set back leaves behind. */
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
