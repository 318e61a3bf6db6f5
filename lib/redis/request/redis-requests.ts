import type { FailedVote, NodeHold } from '../../ports/lock-node.interface';
import type { RequestOf, Vote, VoteOf } from '../../ports/verbs';
import { type BatchEntry, isAcquire, isForSets, isRelease, type SetEntry } from './batch-entry';
import type { BatchSender } from './command-batch';
import { type BatchEncoder, fenceArguments } from './encoded-batch';
import { ACQUIRE, EXTEND, INSPECT, RAISE_FENCE, RELEASE } from '../script/lua-scripts';
import { LoneRequests } from './lone-requests';
import { RedisBatches, type RequestWays } from './redis-batches';
import { RedisNodeError } from '../client/redis-node-error';
import type { RedisConnection } from '../server/redis-connection';
import {
  acquireVoteFrom,
  extendVoteFrom,
  raiseFenceVoteFrom,
  releaseVoteFrom,
  setVoteFrom,
  timeFrom,
} from './redis-votes';
import { holdFrom } from './hold-reply';
import { lineEndsOf } from './set-calls';
import { SetRequests } from './set-requests';
import { ReleasesUnderWay } from './releases-under-way';
import { ScriptCalls } from './script-calls';
import { wholeMs } from './resp';

type Keys = readonly string[];

/** The verbs of a node as Redis commands, for keys that one server can take together. */
export class RedisRequests implements BatchSender {
  private readonly releasesUnderWay = new ReleasesUnderWay();
  private readonly batches: RedisBatches;
  private readonly scripts: ScriptCalls;
  private readonly sets: SetRequests;
  private readonly lone: LoneRequests;

  constructor(
    private readonly connection: RedisConnection,
    private readonly encoder: BatchEncoder,
    private readonly ways: RequestWays,
  ) {
    const { releasesUnderWay } = this;
    this.scripts = new ScriptCalls(connection, encoder);
    this.batches = new RedisBatches(connection, encoder, releasesUnderWay, ways);
    this.lone = new LoneRequests(connection, encoder, releasesUnderWay, {
      onFailedRelease: ways.onFailedRelease,
      release: (request, vote) => {
        this.release(encoder.keysOf({ request }), request, vote);
      },
    });
    this.sets = new SetRequests({
      connection,
      encoder,
      releasesUnderWay,
      ways,
      scripts: this.scripts,
    });
  }

  get underWay(): number | undefined {
    return this.connection.underWay;
  }

  inOnePacket(send: () => void): void {
    this.connection.inOnePacket(send);
  }

  /** Sends a request that was the only one in its tick. */
  sendOne(entry: BatchEntry): void {
    if (this.lone.sends(entry)) return;
    const keys = this.encoder.keysOf(entry);
    if (keys.length > 1) this.sendSeveral(keys, entry);
    else if (isRelease(entry)) this.release(keys, entry.request, entry.vote);
    else if (isAcquire(entry)) this.acquire(keys, entry.request, entry.vote);
    else this.extend(keys, entry.request, entry.vote);
  }

  /**
   * Sends one request with several keys. A server with slots that did not say so refuses keys of different slots.
   */
  private sendSeveral(keys: Keys, entry: BatchEntry): void {
    const answer =
      <V extends { readonly kind: string }>(vote: (vote: V | FailedVote) => void) =>
      (given: V | FailedVote) => {
        if (isForCompany(given) && this.batches.mayAskAgain(entry)) this.ways.askAlone(entry);
        else vote(given);
      };
    if (isRelease(entry)) this.release(keys, entry.request, answer<VoteOf<'release'>>(entry.vote));
    else if (isAcquire(entry)) this.acquire(keys, entry.request, answer<VoteOf<'acquire'>>(entry.vote));
    else this.extend(keys, entry.request, answer<VoteOf<'extend'>>(entry.vote));
  }

  acquire(keys: Keys, request: RequestOf<'acquire'>, vote: Vote<'acquire'>): void {
    if (isForSets(request)) {
      this.sets.acquire(keys, request, vote);
      return;
    }
    const { ownerToken, askHolderTtl, replaces = '', fence } = request;
    const ttlMs = wholeMs(request.ttlMs);
    const [key] = keys;
    if (key === undefined || keys.length > 1 || askHolderTtl || replaces !== '' || fence !== undefined) {
      this.releasesUnderWay.add(replaces);
      this.scripts.run<VoteOf<'acquire'>>(
        ACQUIRE,
        fence === undefined ? keys : this.withCounters(keys),
        // For a waiter, a resource that is kept for the line counts as free (R31).
        [ownerToken, ttlMs, replaces, askHolderTtl ? 1 : 0, ...fenceArguments(fence)],
        this.unlessReleased(ownerToken),
        this.readAcquireVote,
        (acquireVote) => {
          this.releasesUnderWay.remove(replaces);
          vote(acquireVote);
        },
        request,
      );
      return;
    }
    this.connection.ask({
      send: (client) => client.send('set', [key, ownerToken, 'PX', ttlMs, 'NX']),
      onReply: (reply) => {
        vote(setVoteFrom(reply));
      },
      onError: (error) => {
        vote({ kind: 'failed', error });
      },
    });
  }

  extend(keys: Keys, request: RequestOf<'extend'>, vote: Vote<'extend'>): void {
    if (isForSets(request)) {
      this.sets.extend(keys, request, vote);
      return;
    }
    const { ownerToken, ttlMs, replaces = '', putsBack = true } = request;
    const args = [ownerToken, wholeMs(ttlMs), replaces];
    this.releasesUnderWay.add(replaces);
    this.scripts.run<VoteOf<'extend'>>(
      EXTEND,
      keys,
      putsBack ? args : [...args, 1],
      this.unlessReleased(ownerToken),
      extendVoteFrom,
      (extendVote) => {
        this.releasesUnderWay.remove(replaces);
        vote(extendVote);
      },
      request,
    );
  }

  /** @param keys without the keys of readers, which have no number */
  raiseFence(keys: Keys, request: RequestOf<'raiseFence'>, vote: Vote<'raiseFence'>): void {
    if (request.slots !== undefined && keys[0] !== undefined) {
      this.sets.raiseFence(keys[0], request, vote);
      return;
    }
    const { ownerToken, fence, keepMs } = request;
    this.scripts.run<VoteOf<'raiseFence'>>(
      RAISE_FENCE,
      this.withCounters(keys),
      [ownerToken, fence, wholeMs(keepMs)],
      always,
      raiseFenceVoteFrom,
      vote,
    );
  }

  release(keys: Keys, request: RequestOf<'release'>, vote: Vote<'release'>): void {
    if (isForSets(request)) {
      this.sets.release(keys, request, vote);
      return;
    }
    const { ownerToken, keepMs, wakeWaiters } = request;
    const keptMs = keepMs === undefined ? 0 : wholeMs(keepMs);
    const telling = this.connection.hasSlots ? 2 : 1;
    const { database, everyone } = this.encoder;
    const args = [ownerToken, keptMs, wakeWaiters ? telling : 0, database, everyone];
    this.releasesUnderWay.add(ownerToken);
    this.scripts.run<VoteOf<'release'>>(
      RELEASE,
      keys,
      args,
      always,
      releaseVoteFrom,
      (releaseVote) => {
        this.releasesUnderWay.remove(ownerToken);
        if (releaseVote.kind === 'failed') this.ways.onFailedRelease(request);
        vote(releaseVote);
      },
      request,
    );
  }

  leave(keys: Keys, request: RequestOf<'leave'>, vote: Vote<'leave'>): void {
    this.sets.leave(keys, request, vote);
  }

  /** The keys, and then the counter of each. */
  private withCounters(keys: Keys): Keys {
    const { counters } = this.encoder;
    return [...keys, ...keys.map((key) => counters.of(key))];
  }

  private readonly readAcquireVote = (reply: unknown): VoteOf<'acquire'> | FailedVote => {
    if (Array.isArray(reply)) this.connection.sawTime(timeFrom(reply[0]) ?? 0);
    return acquireVoteFrom(reply);
  };

  sendMany(entries: readonly BatchEntry[]): void {
    this.batches.send(entries);
  }

  sendSets(entries: readonly SetEntry[]): void {
    const [first] = entries;
    if (entries.length > 1) this.sets.sendMany(entries);
    else if (first !== undefined) this.ways.askAlone(first);
  }

  inspect(key: string): Promise<NodeHold | null> {
    return new Promise((resolve, reject) => {
      this.scripts.run<NodeHold | null>(INSPECT, [key], [lineEndsOf(key)], always, holdFrom, (hold) => {
        if (hold !== null && 'kind' in hold) reject(hold.error);
        else resolve(hold);
      });
    });
  }

  private unlessReleased(ownerToken: string): () => boolean {
    return () => !this.releasesUnderWay.has(ownerToken);
  }
}

function isForCompany(vote: { readonly kind: string }): boolean {
  const { error } = vote as Partial<FailedVote>;
  return error instanceof RedisNodeError && error.code === 'CROSSSLOT';
}

function always(): boolean {
  return true;
}
