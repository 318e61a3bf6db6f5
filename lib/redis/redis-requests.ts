import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  NodeHold,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseVote,
} from '../core/lock-node.interface';
import { readBatchReply } from './batch-reply';
import { BATCH } from './batch-script';
import { giveVote, giveVotes } from './batch-votes';
import { type BatchEntry, type BatchSender, isRelease } from './command-batch';
import { type BatchEncoder, fenceArguments } from './encoded-batch';
import { fenceKey } from './fence-key';
import type { LuaScript } from './lua-script';
import { ACQUIRE, EXTEND, INSPECT, RAISE_FENCE, RELEASE } from './lua-scripts';
import type { CommandClient, RedisConnection } from './redis-connection';
import { RedisNodeError } from './redis-node-error';
import {
  acquireVoteFrom,
  extendVoteFrom,
  holdFrom,
  raiseFenceVoteFrom,
  releaseVoteFrom,
  setVoteFrom,
  timeFrom,
} from './redis-votes';
import { runScript } from './script-runner';
import { TokenCount } from './token-count';
import { wholeMs } from './whole-ms';

type Keys = readonly string[];

/** The verbs of a node as Redis commands, for keys that one server can take together. */
export class RedisRequests implements BatchSender {
  private readonly releasesUnderWay = new TokenCount();
  private readonly batchesUnderWay = new Set<readonly BatchEntry[]>();

  constructor(
    private readonly connection: RedisConnection,
    private readonly encoder: BatchEncoder,
    /** Hears of each release that may not have reached the server. */
    private readonly onFailedRelease: (request: ReleaseRequest) => void,
  ) {}

  inOnePacket(send: () => void): void {
    this.connection.inOnePacket(send);
  }

  /** A request that found no company within its tick. */
  sendOne(entry: BatchEntry): void {
    const keys = [this.encoder.keyOf(entry)];
    if (isRelease(entry)) this.release(keys, entry.request, entry.vote);
    else if (entry.letter === 'e') this.extend(keys, entry.request, entry.vote);
    else this.acquire(keys, entry.request, entry.vote);
  }

  acquire(keys: Keys, request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    const { ownerToken, askHolderTtl, replaces = '', fence } = request;
    const ttlMs = wholeMs(request.ttlMs);
    const [key] = keys;
    if (key === undefined || keys.length > 1 || askHolderTtl || replaces !== '' || fence !== undefined) {
      this.releasesUnderWay.add(replaces);
      this.run<AcquireVote>(
        ACQUIRE,
        fence === undefined ? keys : [...keys, ...keys.map(fenceKey)],
        [ownerToken, ttlMs, replaces, ...fenceArguments(fence)],
        this.unlessReleased(ownerToken),
        (reply) => {
          if (Array.isArray(reply)) this.connection.sawTime(timeFrom(reply[0]) ?? 0);
          return acquireVoteFrom(reply);
        },
        (acquireVote) => {
          this.releasesUnderWay.remove(replaces);
          vote(acquireVote);
        },
        request,
      );
      return;
    }
    // By far the most frequent request, and the least work for Redis.
    this.connection.request(
      (client) =>
        client.isCluster
          ? client.set(key, ownerToken, 'PX', ttlMs, 'NX')
          : this.sendAlone(client, request, 'set', () => [key, ownerToken, 'PX', ttlMs, 'NX']),
      (reply) => {
        vote(setVoteFrom(reply));
      },
      (error) => {
        vote({ kind: 'failed', error });
      },
    );
  }

  extend(keys: Keys, request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    const { ownerToken, ttlMs } = request;
    this.run<ExtendVote>(
      EXTEND,
      keys,
      [ownerToken, wholeMs(ttlMs)],
      this.unlessReleased(ownerToken),
      extendVoteFrom,
      vote,
      request,
    );
  }

  raiseFence(keys: Keys, request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    const { ownerToken, fence, keepMs } = request;
    this.run<RaiseFenceVote>(
      RAISE_FENCE,
      [...keys, ...keys.map(fenceKey)],
      [ownerToken, fence, wholeMs(keepMs)],
      always,
      raiseFenceVoteFrom,
      vote,
    );
  }

  release(keys: Keys, request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    const { ownerToken, keepMs, wakeWaiters } = request;
    const keptMs = keepMs === undefined ? 0 : wholeMs(keepMs);
    const telling = this.connection.client.isCluster ? 2 : 1;
    const args = [ownerToken, keptMs, wakeWaiters ? telling : 0];
    this.releasesUnderWay.add(ownerToken);
    this.run<ReleaseVote>(
      RELEASE,
      keys,
      args,
      always,
      releaseVoteFrom,
      (releaseVote) => {
        this.releasesUnderWay.remove(ownerToken);
        if (releaseVote.kind === 'failed') this.onFailedRelease(request);
        vote(releaseVote);
      },
      request,
    );
  }

  /** Encoded once for all nodes that are asked the same. Only a single server takes bytes as they are. */
  private sendAlone(
    client: CommandClient,
    request: object,
    name: string,
    parts: () => readonly (string | number)[],
  ): Promise<unknown> {
    return client.sendCommand(this.encoder.encodeAlone(request, name, parts)) as Promise<unknown>;
  }

  /** Requests on one key each, as a single command. */
  sendMany(entries: readonly BatchEntry[]): void {
    this.sendBatch(
      entries,
      (client) => {
        // Only a single server takes bytes as they are; a cluster looks for the keys, to find the server.
        if (!client.isCluster) return client.sendCommand(this.encoder.encode(entries)) as Promise<unknown>;
        const { keys, args } = this.encoder.argumentsOf(entries);
        return client.evalsha(BATCH.sha, keys.length, ...keys, ...args);
      },
      (error) => {
        if (error.code === 'NOSCRIPT') this.sendManyAgain(entries);
        else this.failAll(entries, error);
      },
    );
  }

  /** With the text of the script, and without what was released since. */
  private sendManyAgain(entries: readonly BatchEntry[]): void {
    const released = entries.filter(
      (entry) => !isRelease(entry) && this.isReleaseUnderWay(entry.request.ownerToken),
    );
    const rest = entries.filter((entry) => !released.includes(entry));
    this.failAll(released, RELEASED_MEANWHILE);
    if (rest.length === 0) return;
    const { keys, args } = this.encoder.argumentsOf(rest);
    this.sendBatch(
      rest,
      (client) => client.eval(BATCH.text, keys.length, ...keys, ...args),
      (error) => {
        this.failAll(rest, error);
      },
    );
  }

  private sendBatch(
    entries: readonly BatchEntry[],
    send: (client: CommandClient) => Promise<unknown>,
    onError: (error: RedisNodeError) => void,
  ): void {
    this.batchesUnderWay.add(entries);
    this.connection.request(
      send,
      (reply) => {
        this.batchesUnderWay.delete(entries);
        const read = readBatchReply(reply, entries.length);
        // Before the votes: a clock that jumped may have let others' locks expire.
        if (read !== undefined) this.connection.sawTime(read.micros);
        giveVotes(entries, read, this.onFailedRelease);
      },
      (error) => {
        this.batchesUnderWay.delete(entries);
        onError(error);
      },
    );
  }

  private failAll(entries: readonly BatchEntry[], error: RedisNodeError): void {
    for (const entry of entries) giveVote(entry, { kind: 'failed', error }, this.onFailedRelease);
  }

  inspect(key: string): Promise<NodeHold | null> {
    return new Promise((resolve, reject) => {
      this.run<NodeHold | null>(INSPECT, [key], [], always, holdFrom, (hold) => {
        if (hold !== null && 'kind' in hold) reject(hold.error);
        else resolve(hold);
      });
    });
  }

  private run<T>(
    script: LuaScript,
    keys: Keys,
    args: readonly (string | number)[],
    maySendAgain: () => boolean,
    read: (reply: unknown) => T | FailedVote,
    done: (answer: T | FailedVote) => void,
    /** That all nodes are asked, with the same keys. */
    request?: object,
  ): void {
    runScript(this.connection, {
      script,
      keys,
      args,
      send: (client) =>
        request === undefined || client.isCluster
          ? client.evalsha(script.sha, keys.length, ...keys, ...args)
          : this.sendAlone(client, request, 'evalsha', () => [script.sha, keys.length, ...keys, ...args]),
      maySendAgain,
      onReply: (reply) => {
        done(read(reply));
      },
      onError: (error) => {
        done({ kind: 'failed', error });
      },
    });
  }

  /**
   * Answers come in the order of the requests. So while the answer to a release is still to come, that release will
   * have run before anything sent now: an acquire or extend sent again would leave a key that nobody releases.
   */
  private unlessReleased(ownerToken: string): () => boolean {
    return () => !this.isReleaseUnderWay(ownerToken);
  }

  private isReleaseUnderWay(ownerToken: string): boolean {
    if (this.releasesUnderWay.has(ownerToken)) return true;
    return [...this.batchesUnderWay].some((entries) =>
      entries.some((entry) => releasedBy(entry) === ownerToken),
    );
  }
}

/** A hand-over ends a hold as a release does. */
function releasedBy(entry: BatchEntry): string | undefined {
  if (isRelease(entry)) return entry.request.ownerToken;
  return entry.letter === 't' || entry.letter === 'n' ? entry.request.replaces : undefined;
}

const RELEASED_MEANWHILE = new RedisNodeError(
  'the server had forgotten the script, and the lock was released since',
  'NOSCRIPT',
);

function always(): boolean {
  return true;
}
