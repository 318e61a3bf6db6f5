import { detached } from '../../ports/detached';
import { type BatchEntry, isRelease, type SetEntry } from './batch-entry';
import type { EarlyPart } from './early-part';

type Asked = BatchEntry | SetEntry | (() => void);

/** Sends a batch. A lone request has a shorter way. Other commands keep their place in the order. */
export interface BatchSender {
  /** The number of requests that were sent and are not answered. Undefined if none can be sent now. */
  readonly underWay: number | undefined;
  /** Calls `send`. What it sends leaves this machine in one packet, as far as possible. */
  inOnePacket(send: () => void): void;
  sendOne(entry: BatchEntry): void;
  sendMany(entries: readonly BatchEntry[]): void;
  /** Sends one or several requests for readers, permits or the line. */
  sendSets(entries: readonly SetEntry[]): void;
}

/**
 * The most keys of a batch, or the most requests for readers, permits and the line. With this many, a request
 * costs only a small part of a command. With more, other clients of the server would wait too long.
 */
export const MOST_IN_BATCH = 128;

/**
 * Collects the requests to a node within one tick of the event loop, and sends them when the tick ends (R16), or when they
 * are as many as a batch can have.
 *
 * ```text
 *  one tick                       what leaves, in this order
 *    acquire a  ┐
 *    acquire b  ├─ add()    -->   one batch: acquire a, acquire b, release c
 *    release c  ┘
 *    inspect    ── addAlone() --> the command by itself
 *    acquire d  ── add()    -->   a lone acquire
 * ```
 *
 * Requests for readers, permits and the line are a batch of their own. Only requests for the same resource keep their order.
 *
 * A tick ends before the event loop waits for I/O again. So a lone request loses no time, and is sent as a lone
 * command.
 */
export class CommandBatch {
  /** The first request of this tick. Under little load there is only one, which needs no list. */
  private first: Asked | undefined;
  /** All requests of this tick, if there are several. */
  private all: Asked[] | undefined;
  /** The number of requests of this tick, with those that have left. */
  private count = 0;
  /** With this many requests of the tick, those that wait leave at once if no other is under way. */
  private earlyAt = Infinity;

  /**
   * @param groupOf returns what requests of one batch must have in common: the slot, in a Redis Cluster
   * @param isGrouped tells if that is needed now
   * @param early tells how many requests leave before the tick ends. Undefined: none, unless a batch is full
   */
  constructor(
    private readonly sender: BatchSender,
    private readonly groupOf: ((request: BatchEntry['request']) => number) | undefined,
    private readonly isGrouped: () => boolean = always,
    private readonly early?: EarlyPart,
  ) {}

  add(entry: BatchEntry | SetEntry): void {
    this.put(entry);
  }

  /**
   * Adds a command that cannot be in a batch. It keeps its place: what was asked for before leaves before it, and
   * what is asked for later after it.
   */
  addAlone(send: () => void): void {
    this.put(send);
  }

  /** Sends what was collected so far, without waiting for the end of the tick. */
  sendNow(): void {
    detached(this.send);
  }

  private put(asked: Asked): void {
    if (this.first === undefined) this.first = asked;
    else (this.all ??= [this.first]).push(asked);
    this.count += 1;
    // The batch and its replies serve all callers of this tick, so they run in the async context of none of them.
    if (this.count === 1) detached(this.sendLater);
    if (this.leavesAtOnce()) detached(this.send);
  }

  private readonly sendLater = (): void => {
    if (this.early !== undefined) this.earlyAt = this.early.tickBegan();
    process.nextTick(this.endTick);
  };

  private readonly endTick = (): void => {
    this.early?.tickEnded(this.count);
    this.count = 0;
    this.send();
  };

  /**
   * True if what was collected should not wait for the end of the tick. What leaves then leaves before anything that is
   * asked for later, so the order is the same.
   */
  private leavesAtOnce(): boolean {
    const isHalf = this.count === this.earlyAt;
    if (!isHalf && this.all?.length !== MOST_IN_BATCH) return false;
    // Groups would be smaller, and so be more.
    if (this.isInGroups) return false;
    const { underWay } = this.sender;
    return isHalf ? underWay === 0 : underWay !== undefined;
  }

  private get isInGroups(): boolean {
    return this.groupOf !== undefined && this.isGrouped();
  }

  private readonly send = (): void => {
    const { first, all } = this;
    this.first = undefined;
    if (all === undefined) {
      if (typeof first === 'function') first();
      else if (first !== undefined) {
        if (isForSet(first)) this.sender.sendSets([first]);
        else this.sender.sendOne(first);
      }
      return;
    }
    this.all = undefined;
    this.sender.inOnePacket(() => {
      this.sendAll(all);
    });
  };

  /**
   * Sends the requests of both kinds, as few commands as possible. Order matters only between requests for the same
   * resource: there, the earlier one leaves first.
   */
  private sendAll(waiting: readonly Asked[]): void {
    const plain = new Together<BatchEntry>((entries) => {
      this.sendGroups(entries);
    });
    const sets = new Together<SetEntry>((entries) => {
      this.sender.sendSets(entries);
    });
    for (const next of waiting) {
      if (typeof next === 'function') {
        plain.send();
        sets.send();
        next();
      } else if (isForSet(next)) {
        if (plain.hasSome(next)) plain.send();
        if (sets.add(next) === MOST_IN_BATCH) sets.send();
      } else {
        if (sets.hasSome(next)) sets.send();
        plain.add(next);
      }
    }
    plain.send();
    sets.send();
  }

  private sendGroups(entries: readonly BatchEntry[]): void {
    const { groupOf } = this;
    if (groupOf === undefined || !this.isInGroups) {
      this.sendInOrder(entries);
      return;
    }
    const groups = new Map<number, BatchEntry[]>();
    for (const entry of entries) {
      const group = groupOf(entry.request);
      groups.set(group, [...(groups.get(group) ?? []), entry]);
    }
    // Order matters only between requests for the same resource, and these are in the same group.
    for (const group of groups.values()) this.sendInOrder(group);
  }

  private sendInOrder(entries: readonly BatchEntry[]): void {
    let batch: BatchEntry[] = [];
    let keys = 0;
    let ttlMs: number | undefined;
    for (const entry of entries) {
      const entryTtlMs = ttlOf(entry);
      const entryKeys = entry.request.resources.length;
      // The ttl is sent once per batch, so all requests of a batch have the same.
      const fits = ttlMs === undefined || entryTtlMs === undefined || ttlMs === entryTtlMs;
      if (!fits || keys + entryKeys > MOST_IN_BATCH) {
        this.sendBatch(batch);
        batch = [];
        keys = 0;
        ttlMs = undefined;
      }
      batch.push(entry);
      keys += entryKeys;
      ttlMs ??= entryTtlMs;
    }
    this.sendBatch(batch);
  }

  private sendBatch(batch: readonly BatchEntry[]): void {
    const [first] = batch;
    if (batch.length > 1) this.sender.sendMany(batch);
    else if (first !== undefined) this.sender.sendOne(first);
  }
}

/** Requests of one kind that leave together. */
class Together<E extends BatchEntry | SetEntry> {
  private entries: E[] = [];
  /** The resources of these requests. It is made when somebody asks for it: in most ticks there is only one kind. */
  private resources: Set<string> | undefined;

  constructor(private readonly sendThem: (entries: readonly E[]) => void) {}

  /** @returns the number of requests */
  add(entry: E): number {
    if (this.resources !== undefined)
      for (const resource of entry.request.resources) this.resources.add(resource);
    return this.entries.push(entry);
  }

  /** Tells if one of these requests is for a resource of `other`. */
  hasSome({ request }: BatchEntry | SetEntry): boolean {
    if (this.entries.length === 0) return false;
    const resources = (this.resources ??= new Set(this.entries.flatMap((entry) => entry.request.resources)));
    return request.resources.some((resource) => resources.has(resource));
  }

  send(): void {
    const { entries } = this;
    if (entries.length === 0) return;
    this.entries = [];
    this.resources = undefined;
    this.sendThem(entries);
  }
}

function always(): boolean {
  return true;
}

function isForSet(entry: BatchEntry | SetEntry): entry is SetEntry {
  return entry.letter.length === 2;
}

/** The ttl that a request asks for. A release asks for none. */
function ttlOf(entry: BatchEntry): number | undefined {
  return isRelease(entry) ? undefined : entry.request.ttlMs;
}
