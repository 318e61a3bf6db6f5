import type { Clock } from '../../ports/clock.interface';
import type { AcquireRequest, FenceRequest, ReleaseRequest } from '../../ports/lock-node.interface';
import { type BatchEntry, isRelease, type SetEntry } from './batch-entry';
import { ASKS } from '../script/batch-codes';
import { BATCH } from '../script/batch-script';
import { RELEASE } from '../script/lua-scripts';
import { FenceCounters } from './fence-counters';
import { channelOfAll, channelsIn } from './release-message';
import { isAsBytes, resp, respPart } from './resp';
import { wholeMs } from './resp';

/**
 * Batches ask for the time of the node, so that a jump of its clock is noticed. They do so at most once in this
 * time.
 */
const ASK_TIME_EVERY_MS = 1_000;

/**
 * Encodes batches. All nodes of a round get the same requests within a tick. So the bytes for the first node are
 * sent to the others too, since encoding is a large part of what a lock costs.
 */
export class BatchEncoder {
  /**
   * The batches of this tick. They are forgotten when the tick ends: the objects that the entries refer to are
   * most of what a lock allocates, and would live too long. This is not a `Map`, whose cleared tables would keep
   * them alive ("Short-lived objects" in docs/ARCHITECTURE.md).
   */
  private recent: EncodedBatch[] = [];

  /** The last request that was encoded by itself. The other nodes are asked for the same right after. */
  private last: { readonly request: object; readonly bytes: Buffer | string } | undefined;

  private askedForTimeAtMs: number;
  /** The channel to which all waiters are subscribed. */
  readonly everyone: string;
  /** That channel with the number of the database, if it is not 0. A batch gets both as one argument. */
  private readonly everyoneInDatabase: string;
  /** The last arguments of a lone release, in the protocol of Redis. */
  private readonly telling: string;

  /** Finds the fencing counters. */
  readonly counters: FenceCounters;

  constructor(
    readonly keyPrefix: string,
    private readonly clock: Clock,
    /** The number of the database that all nodes of this encoder use. */
    readonly database = 0,
  ) {
    this.counters = new FenceCounters(keyPrefix);
    const [ofAll, ...places] = channelsIn(database, channelOfAll(keyPrefix));
    this.everyone = ofAll;
    this.everyoneInDatabase = places.at(-1) ?? ofAll;
    this.telling = ['0', '1', String(database), this.everyone].map(respPart).join('') + END;
    // Nodes tell their time when they connect, so nothing is asked at once.
    this.askedForTimeAtMs = clock.now();
  }

  /** Encodes the `EVALSHA` of a batch. */
  encode(entries: readonly BatchEntry[]): Buffer {
    return this.bytesOf(entries, () => {
      const { keys, args } = this.argumentsOf(entries);
      return resp(['evalsha', BATCH.sha, keys.length, ...keys, ...args]);
    });
  }

  /** Encodes the `EVALSHA` of requests for readers, permits and the line. `parts` must follow from the entries. */
  encodeSets(entries: readonly SetEntry[], parts: () => readonly (string | number)[]): Buffer {
    return this.bytesOf(entries, () => resp(['evalsha', ...parts()]));
  }

  /** Encodes a request that is sent by itself. `parts` must follow from `request`, and `name` is the first part. */
  encodeAlone(request: object, name: string, parts: () => readonly (string | number)[]): Buffer | string {
    if (this.last?.request !== request) {
      this.last = { request, bytes: resp([name, ...parts()]) };
    }
    return this.last.bytes;
  }

  /** Encodes `SET key token PX ttl NX` for the one key of `request`. */
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

  /** Encodes the release script for the one key of `request`. The script tells the waiters. */
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

  /** The keys and arguments of `EVALSHA` for a batch. */
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
        // Each key of a release is a request of its own. Other requests have one letter for their first key.
        letters += isRelease(entry) ? letter : ASKS.further;
        tokens.push(isRelease(entry) ? request.ownerToken : '');
      }
    }
    return {
      keys: counters.length === 0 ? keys : [...keys, ...counters],
      args: [letters, wholeMs(ttlMs), this.everyoneInDatabase, ...tokens, ...this.askForTime()],
    };
  }

  /**
   * Returns the argument that asks for the time, now and then: all nodes are asked at the same moment. It is not
   * in every batch, since no lock needs it.
   */
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
/** The begin of a lone release. With the key, the owner token and `telling` it has nine parts. */
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

/**
 * The arguments of a script for a fence: the proposal, the most by which it may be wrong, and the time for which
 * to keep the counter.
 */
export function fenceArguments(fence: FenceRequest | undefined): number[] {
  return fence === undefined ? [] : [fence.proposal, Math.floor(fence.skewMicros), wholeMs(fence.keepMs)];
}

/**
 * The letter of the request's first key. Neighbours with one key each are handled together, where that is
 * possible.
 */
function letterOf({ letter, request }: BatchEntry): string {
  if (request.resources.length === 1) return letter;
  if (letter === ASKS.acquire) return ASKS.acquireAll;
  return letter === ASKS.extend ? ASKS.extendAll : letter;
}
