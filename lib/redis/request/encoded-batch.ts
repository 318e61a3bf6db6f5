import type { Clock } from '../../ports/clock.interface';
import type { AcquireRequest, FenceRequest, ReleaseRequest } from '../../ports/lock-node.interface';
import { type BatchEntry, isRelease, type SetEntry } from './command-batch';
import { ASKS } from '../script/batch-codes';
import { BATCH } from '../script/batch-script';
import { RELEASE } from '../script/lua-scripts';
import { FenceCounters } from './fence-counters';
import { systemClock } from '../../system/system-clock';
import { channelOfAll, channelsIn } from './release-message';
import { isAsBytes, resp, respPart } from './resp';
import { wholeMs } from './whole-ms';

/** A batch asks for the time of its node, so that a clock that jumps is noticed, no more often than this. */
const ASK_TIME_EVERY_MS = 1_000;

/**
 * How batches are written. All nodes of a round are asked the same within a tick, so what is encoded for the first of them
 * is written to the others as it is: encoding is a large part of what a lock costs.
 */
export class BatchEncoder {
  /**
   * Of this tick. Forgotten when it is over: what hangs on the entries is most of what a lock allocates, and would outlive
   * it. Not a `Map`, whose cleared tables would keep it ("Dies young" in docs/ARCHITECTURE.md).
   */
  private recent: EncodedBatch[] = [];

  /** What was last asked by itself; the other nodes are asked right after. */
  private last: { readonly request: object; readonly bytes: Buffer | string } | undefined;

  private askedForTimeAtMs: number;
  /** The channel that all are subscribed to who wait. */
  readonly everyone: string;
  /** The same with the number of the database, if that is not 0: a batch is told of both in one. */
  private readonly everyoneInDatabase: string;
  /** How a lone release ends, in the protocol of Redis. */
  private readonly telling: string;

  /** Where the fencing counters are. */
  readonly counters: FenceCounters;

  constructor(
    readonly keyPrefix: string,
    private readonly clock: Clock = systemClock,
    /** The number of the database that all nodes of this encoder use. */
    readonly database = 0,
  ) {
    this.counters = new FenceCounters(keyPrefix);
    const [ofAll, ...places] = channelsIn(database, channelOfAll(keyPrefix));
    this.everyone = ofAll;
    this.everyoneInDatabase = places.at(-1) ?? ofAll;
    this.telling = ['0', '1', String(database), this.everyone].map(respPart).join('') + END;
    // Nodes tell their time when they connect.
    this.askedForTimeAtMs = clock.now();
  }

  /** `EVALSHA` for a batch. */
  encode(entries: readonly BatchEntry[]): Buffer {
    return this.bytesOf(entries, () => {
      const { keys, args } = this.argumentsOf(entries);
      return resp(['evalsha', BATCH.sha, keys.length, ...keys, ...args]);
    });
  }

  /** `EVALSHA` for requests of readers, permits and the line. `parts` must follow from the entries. */
  encodeSets(entries: readonly SetEntry[], parts: () => readonly (string | number)[]): Buffer {
    return this.bytesOf(entries, () => resp(['evalsha', ...parts()]));
  }

  /** Encodes a request that goes by itself. `parts` must follow from `request`, and `name` is the first of them. */
  encodeAlone(request: object, name: string, parts: () => readonly (string | number)[]): Buffer | string {
    if (this.last?.request !== request) {
      this.last = { request, bytes: resp([name, ...parts()]) };
    }
    return this.last.bytes;
  }

  /** `SET key token PX ttl NX` for the one key of `request`. */
  encodeLoneAcquire(request: AcquireRequest): Buffer | string {
    if (this.last?.request !== request) {
      const key = this.keyPrefix + (request.resources[0] as string);
      const { ownerToken } = request;
      const ttl = String(wholeMs(request.ttlMs));
      const text = SET + respPart(key) + respPart(ownerToken) + PX + respPart(ttl) + NX;
      const bytes = isAsBytes(text) ? text : resp(['set', key, ownerToken, 'PX', ttl, 'NX']);
      this.last = { request, bytes };
    }
    return this.last.bytes;
  }

  /** The release script for the one key of `request`, which tells those who wait. */
  encodeLoneRelease(request: ReleaseRequest): Buffer | string {
    if (this.last?.request !== request) {
      const key = this.keyPrefix + (request.resources[0] as string);
      const { ownerToken } = request;
      const text = RELEASE_ONE + respPart(key) + respPart(ownerToken) + this.telling;
      const args = ['0', '1', this.database, this.everyone];
      const bytes = isAsBytes(text) ? text : resp(['evalsha', RELEASE.sha, '1', key, ownerToken, ...args]);
      this.last = { request, bytes };
    }
    return this.last.bytes;
  }

  keysOf({ request }: { readonly request: Pick<ReleaseRequest, 'resources'> }): readonly string[] {
    return request.resources.map((resource) => this.keyPrefix + resource);
  }

  /** What `EVALSHA` takes for a batch. */
  argumentsOf(entries: readonly BatchEntry[]): {
    keys: readonly string[];
    args: readonly (string | number)[];
  } {
    const ttlMs = entries.find((entry) => !isRelease(entry))?.request.ttlMs ?? 1;
    const keys: string[] = [];
    const counters: string[] = [];
    const tokens: string[] = [];
    let letters = '';
    for (const entry of entries) {
      const { letter, request } = entry;
      letters += letterOf(entry);
      tokens.push(tokenOf(entry));
      const { resources } = request;
      for (let i = 0; i < resources.length; i++) {
        const key = this.keyPrefix + (resources[i] as string);
        keys.push(key);
        if (letter === ASKS.acquireNumbered) counters.push(this.counters.of(key));
        if (i === 0) continue;
        // Each key is released by itself; else the first stands for all.
        letters += isRelease(entry) ? letter : ASKS.further;
        tokens.push(isRelease(entry) ? request.ownerToken : '');
      }
    }
    return {
      keys: counters.length === 0 ? keys : [...keys, ...counters],
      args: [letters, wholeMs(ttlMs), this.everyoneInDatabase, ...tokens, ...this.askForTime()],
    };
  }

  /** Asks all nodes for their time at the same moment, and not in every batch: no lock needs this call. */
  private askForTime(): readonly number[] {
    const now = this.clock.now();
    if (now - this.askedForTimeAtMs < ASK_TIME_EVERY_MS) return [];
    this.askedForTimeAtMs = now;
    return [1];
  }

  private bytesOf(entries: readonly Entry[], encoded: () => Buffer): Buffer {
    for (const known of this.recent) if (areTheSame(known.entries, entries)) return known.bytes;
    const bytes = encoded();
    if (this.recent.length === 0) this.clock.afterArrivedReplies(this.forget);
    this.recent.push({ entries, bytes });
    return bytes;
  }

  private readonly forget = (): void => {
    this.recent = [];
  };
}

type Entry = BatchEntry | SetEntry;

interface EncodedBatch {
  readonly entries: readonly Entry[];
  readonly bytes: Buffer;
}

const END = '\r\n';
const SET = `*6${respPart('set')}`;
const PX = respPart('PX');
const NX = respPart('NX') + END;
/** With the key, the owner token and what `telling` has: nine parts. */
const RELEASE_ONE = `*9${['evalsha', RELEASE.sha, '1'].map(respPart).join('')}`;

function areTheSame(a: readonly Entry[], b: readonly Entry[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ letter, request }, i) => request === b[i]?.request && letter === b[i].letter)
  );
}

function tokenOf({ letter, request }: BatchEntry): string {
  const { ownerToken } = request;
  if (letter === ASKS.takeOver) return `${ownerToken}\n${request.replaces ?? ''}`;
  if (letter !== ASKS.acquireNumbered) return ownerToken;
  return `${ownerToken}\n${fenceArguments(request.fence).join(' ')}\n${request.replaces ?? ''}`;
}

/** What a script takes for a fence: the proposal, how far it may be off, and for how long to keep the counter. */
export function fenceArguments(fence: FenceRequest | undefined): number[] {
  return fence === undefined ? [] : [fence.proposal, Math.floor(fence.skewMicros), wholeMs(fence.keepMs)];
}

/** The letter of its first key. Neighbours with one key each are served together where that is possible. */
function letterOf({ letter, request }: BatchEntry): string {
  if (request.resources.length === 1) return letter;
  if (letter === ASKS.acquire) return ASKS.acquireAll;
  return letter === ASKS.extend ? ASKS.extendAll : letter;
}
