import type { ReleaseRequest } from '../../ports/lock-node.interface';
import { readBatchReply } from './batch-reply';
import { BATCH } from '../script/batch-script';
import { giveVote, giveVotes } from './batch-votes';
import { type BatchEntry, isRelease, type SetEntry } from './batch-entry';
import type { BatchEncoder } from './encoded-batch';
import type { RedisConnection } from '../server/redis-connection';
import { RedisNodeError } from '../client/redis-node-error';
import type { ServerClient } from '../client/server-client.interface';
import type { ReleasesUnderWay } from './releases-under-way';

/** The ways of requests that the server did not do. */
export interface RequestWays {
  /**
   * Asks at once, by itself, for a request that failed because of others in its command, or because its keys are
   * in different slots.
   */
  askAlone(entry: BatchEntry | SetEntry): void;
  /** Hears of each release that may not have been done. */
  readonly onFailedRelease: (request: ReleaseRequest) => void;
}

/** Sends many requests as a single command. */
export class RedisBatches {
  constructor(
    private readonly connection: RedisConnection,
    private readonly encoder: BatchEncoder,
    private readonly releasesUnderWay: ReleasesUnderWay,
    private readonly ways: RequestWays,
  ) {}

  send(entries: readonly BatchEntry[]): void {
    this.sendBatch(
      entries,
      (client) => {
        if (client.sendEncoded !== undefined) {
          return client.sendEncoded('evalsha', this.encoder.encode(entries));
        }
        const { keys, args } = this.encoder.argumentsOf(entries);
        return client.send('evalsha', [BATCH.sha, keys.length, ...keys, ...args]);
      },
      (error) => {
        if (error.code === 'NOSCRIPT') this.sendText(this.withoutReleased(entries, error));
        else this.failOrPart(entries, error);
      },
    );
  }

  /**
   * Tells if a request that was not applied can be sent again now. If its lease was released in the meantime, it
   * would put that lease back.
   */
  mayAskAgain(entry: BatchEntry): boolean {
    return isRelease(entry) || !this.releasesUnderWay.has(entry.request.ownerToken);
  }

  private sendText(entries: readonly BatchEntry[]): void {
    if (entries.length === 0) return;
    const { keys, args } = this.encoder.argumentsOf(entries);
    this.sendBatch(
      entries,
      (client) => client.send('eval', [BATCH.text, keys.length, ...keys, ...args]),
      (error) => {
        this.failOrPart(entries, error);
      },
    );
  }

  /**
   * The server refused the whole command before it did anything. The reason may be one of the requests, or the
   * keys of different slots together. Then each request is sent by itself.
   */
  private failOrPart(entries: readonly BatchEntry[], error: RedisNodeError): void {
    if (!isPerhapsOfOne(error.message)) {
      this.failAll(entries, error);
      return;
    }
    const rest = this.withoutReleased(entries, error);
    this.connection.inOnePacket(() => {
      for (const entry of rest) this.ways.askAlone(entry);
    });
  }

  /** Fails the requests whose lease was released in the meantime, and returns the others. */
  private withoutReleased(entries: readonly BatchEntry[], error: RedisNodeError): readonly BatchEntry[] {
    const rest = entries.filter((entry) => this.mayAskAgain(entry));
    if (rest.length === entries.length) return entries;
    const released = new RedisNodeError(
      `released before it could be asked for again: ${error.message}`,
      error.code,
    );
    this.failAll(
      entries.filter((entry) => !rest.includes(entry)),
      released,
    );
    return rest;
  }

  private sendBatch(
    entries: readonly BatchEntry[],
    send: (client: ServerClient) => Promise<unknown>,
    onError: (error: RedisNodeError) => void,
  ): void {
    this.releasesUnderWay.addBatch(entries);
    this.connection.ask({
      send,
      onReply: (reply) => {
        this.releasesUnderWay.removeBatch(entries);
        const read = readBatchReply(reply, keysOf(entries));
        // The time comes before the votes: if the clock has jumped, locks of other processes may have expired.
        if (read !== undefined) this.connection.sawTime(read.micros);
        giveVotes(entries, read, this.ways.onFailedRelease);
      },
      onError: (error) => {
        this.releasesUnderWay.removeBatch(entries);
        onError(error);
      },
    });
  }

  private failAll(entries: readonly BatchEntry[], error: RedisNodeError): void {
    for (const entry of entries) giveVote(entry, { kind: 'failed', error }, this.ways.onFailedRelease);
  }
}

function keysOf(entries: readonly BatchEntry[]): number {
  let keys = 0;
  for (const { request } of entries) keys += request.resources.length;
  return keys;
}

/**
 * Tells if this error may concern a single request, or keys that cannot be together in one command: keys in
 * different slots, keys that the user may not touch, no memory for new keys, keys of a slot that is moving to
 * another server. In the last case ioredis asks servers of the cluster at random, until it gives up.
 */
export function isPerhapsOfOne(message: string): boolean {
  return /\b(?:CROSSSLOT|NOPERM.*\bkeys?|OOM|TRYAGAIN|Too many Cluster redirections)\b/.test(message);
}
