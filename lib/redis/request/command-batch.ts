import type { AcquireRequest, ReleaseRequest } from '../../ports/lock-node.interface';
import type { RequestOf, Verb, Vote } from '../../ports/verbs';
import { detached } from '../../ports/detached';
import { ASKS } from '../script/batch-codes';

/** A request that can be sent together with others. */
export type BatchEntry = AcquireEntry | ExtendEntry | ReleaseEntry;

interface AcquireEntry {
  readonly letter: typeof ASKS.acquire | typeof ASKS.acquireNumbered;
  readonly request: RequestOf<'acquire'>;
  readonly vote: Vote<'acquire'>;
}

interface ExtendEntry {
  readonly letter: typeof ASKS.extend | typeof ASKS.takeOver;
  readonly request: RequestOf<'extend'>;
  readonly vote: Vote<'extend'>;
}

export interface ReleaseEntry {
  readonly letter: typeof ASKS.release | typeof ASKS.releaseAndTell | typeof ASKS.releaseAndTellAll;
  readonly request: RequestOf<'release'>;
  readonly vote: Vote<'release'>;
}

/** A request for readers, permits or the line: to acquire, extend or release, or to leave the line. */
export type SetEntry =
  | SetEntryOf<'sa', 'acquire'>
  | SetEntryOf<'se', 'extend'>
  | SetEntryOf<'sr', 'release'>
  | SetEntryOf<'sl', 'leave'>;

interface SetEntryOf<L, V extends Verb> {
  readonly letter: L;
  readonly request: RequestOf<V>;
  readonly vote: Vote<V>;
}

type Asked = BatchEntry | SetEntry | (() => void);

/** Sends a batch. A lone request has a shorter way. Other commands keep their place in the order. */
export interface BatchSender {
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
 * Collects the requests to a node within one tick of the event loop, and sends them when the tick ends (R16).
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
 * A tick ends before the event loop waits for I/O again. So a lone request loses no time, and is sent as a lone
 * command.
 */
export class CommandBatch {
  /** The first request of this tick. Under little load there is only one, which needs no list. */
  private first: Asked | undefined;
  /** All requests of this tick, if there are several. */
  private all: Asked[] | undefined;

  /**
   * @param groupOf returns what requests of one batch must have in common: the slot, in a Redis Cluster
   * @param isGrouped tells if that is needed now
   */
  constructor(
    private readonly sender: BatchSender,
    private readonly groupOf: ((request: BatchEntry['request']) => number) | undefined,
    private readonly isGrouped: () => boolean = always,
  ) {}

  add(entry: BatchEntry | SetEntry): void {
    this.put(entry);
  }

  /**
   * Adds a command that cannot be in a batch. It keeps its place: requests are applied in the order in which they
   * were made.
   */
  addAlone(send: () => void): void {
    this.put(send);
  }

  private put(asked: Asked): void {
    if (this.first !== undefined) (this.all ??= [this.first]).push(asked);
    else {
      this.first = asked;
      // The batch and its replies serve all callers of this tick, so they run in the async context of none of
      // them.
      detached(this.sendLater);
    }
  }

  private readonly sendLater = (): void => {
    process.nextTick(this.send);
  };

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

  private sendAll(waiting: readonly Asked[]): void {
    let entries: BatchEntry[] = [];
    let sets: SetEntry[] = [];
    for (const next of waiting) {
      const isAlone = typeof next === 'function';
      const isSet = !isAlone && isForSet(next);
      if (sets.length > 0 && (!isSet || sets.length === MOST_IN_BATCH)) {
        this.sender.sendSets(sets);
        sets = [];
      }
      if (!isAlone && !isForSet(next)) {
        entries.push(next);
        continue;
      }
      this.sendGroups(entries);
      entries = [];
      if (isAlone) next();
      else sets.push(next);
    }
    if (sets.length > 0) this.sender.sendSets(sets);
    this.sendGroups(entries);
  }

  private sendGroups(entries: readonly BatchEntry[]): void {
    const { groupOf } = this;
    if (groupOf === undefined || !this.isGrouped()) {
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

export function isAcquire(entry: BatchEntry): entry is AcquireEntry {
  return entry.letter === ASKS.acquire || entry.letter === ASKS.acquireNumbered;
}

export function isRelease(entry: BatchEntry): entry is ReleaseEntry {
  const { letter } = entry;
  return letter === ASKS.release || letter === ASKS.releaseAndTell || letter === ASKS.releaseAndTellAll;
}

/** Tells if a request is for readers, permits or the line. All other requests use the plain scripts. */
export function isForSets(
  request: Pick<AcquireRequest, 'limit'> & Pick<ReleaseRequest, 'shared' | 'slots' | 'line' | 'turnMs'>,
): boolean {
  const { shared, limit, slots, line, turnMs } = request;
  const isPlain = limit === undefined && slots === undefined && line === undefined && turnMs === undefined;
  return !isPlain || (shared !== undefined && shared.length > 0);
}
