import type { ReleaseRequest } from '../core/lock-node.interface';
import { readBatchReply } from './batch-reply';
import { BATCH } from './batch-script';
import { giveVote, giveVotes } from './batch-votes';
import { type BatchEntry, isRelease } from './command-batch';
import type { BatchEncoder } from './encoded-batch';
import type { CommandClient, RedisConnection } from './redis-connection';
import { RedisNodeError } from './redis-node-error';
import type { ReleasesUnderWay } from './releases-under-way';

/** Sends many requests as a single command. */
export class RedisBatches {
  constructor(
    private readonly connection: RedisConnection,
    private readonly encoder: BatchEncoder,
    private readonly releasesUnderWay: ReleasesUnderWay,
    /** Hears of each release that may not have reached the server. */
    private readonly onFailedRelease: (request: ReleaseRequest) => void,
  ) {}

  send(entries: readonly BatchEntry[]): void {
    this.sendBatch(
      entries,
      (client) => {
        // Only a single server takes bytes as they are; a cluster looks for the keys, to find the server.
        if (!client.isCluster) return client.sendCommand(this.encoder.encode(entries)) as Promise<unknown>;
        const { keys, args } = this.encoder.argumentsOf(entries);
        return client.evalsha(BATCH.sha, keys.length, ...keys, ...args);
      },
      (error) => {
        if (error.code === 'NOSCRIPT') this.sendAgain(entries);
        else this.failAll(entries, error);
      },
    );
  }

  /** With the text of the script, and without what was released since. */
  private sendAgain(entries: readonly BatchEntry[]): void {
    const released = entries.filter(
      (entry) => !isRelease(entry) && this.releasesUnderWay.has(entry.request.ownerToken),
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
    this.releasesUnderWay.addBatch(entries);
    this.connection.request(
      send,
      (reply) => {
        this.releasesUnderWay.removeBatch(entries);
        const read = readBatchReply(reply, keysOf(entries));
        // Before the votes: a clock that jumped may have let others' locks expire.
        if (read !== undefined) this.connection.sawTime(read.micros);
        giveVotes(entries, read, this.onFailedRelease);
      },
      (error) => {
        this.releasesUnderWay.removeBatch(entries);
        onError(error);
      },
    );
  }

  private failAll(entries: readonly BatchEntry[], error: RedisNodeError): void {
    for (const entry of entries) giveVote(entry, { kind: 'failed', error }, this.onFailedRelease);
  }
}

function keysOf(entries: readonly BatchEntry[]): number {
  let keys = 0;
  for (const { request } of entries) keys += request.resources.length;
  return keys;
}

const RELEASED_MEANWHILE = new RedisNodeError(
  'the server had forgotten the script, and the lock was released since',
  'NOSCRIPT',
);
