import type {
  AcquireRequest,
  ExtendRequest,
  ReleaseRequest,
  ReleaseVote,
} from '../../ports/lock-node.interface';
import type { Vote } from '../../ports/verbs';
import type { RedisNodeError } from '../client/redis-node-error';
import type { ServerClient } from '../client/server-client.interface';
import type { Question } from '../server/question';
import type { RedisConnection } from '../server/redis-connection';
import { ASKS } from '../script/batch-codes';
import type { BatchEntry } from './batch-entry';
import type { BatchEncoder } from './encoded-batch';
import { lookVoteFrom, releaseVoteFrom, setVoteFrom } from './redis-votes';
import type { ReleasesUnderWay } from './releases-under-way';

/** The ways of a release that the server did not do. */
export interface LoneReleaseWays {
  readonly onFailedRelease: (request: ReleaseRequest) => void;
  /** Sends the release again like any other request: the server had forgotten the script, and did nothing. */
  release(request: ReleaseRequest, vote: Vote<'release'>): void;
}

/**
 * The acquire and the release of one key, sent by themselves. A lone caller asks a node for nothing else. A process
 * that keeps a lease for its callers also asks if the key is still there. These objects have as few fields as
 * possible, and no closures.
 */
export class LoneRequests {
  constructor(
    private readonly connection: RedisConnection,
    readonly encoder: BatchEncoder,
    readonly releasesUnderWay: ReleasesUnderWay,
    readonly ways: LoneReleaseWays,
  ) {}

  /**
   * Sends `entry` if it is such a request, and returns true. Only the client of a single server takes encoded
   * bytes.
   */
  sends(entry: BatchEntry): boolean {
    const { connection } = this;
    if (entry.request.resources.length !== 1 || connection.client.sendEncoded === undefined) return false;
    if (entry.letter === ASKS.acquire)
      connection.ask(new LoneAcquire(this.encoder, entry.request, entry.vote));
    else if (entry.letter === ASKS.releaseAndTell)
      connection.ask(new LoneRelease(this, entry.request, entry.vote));
    else if (entry.letter === ASKS.extend && entry.request.onlyLooks === true)
      connection.ask(new LoneLook(this.encoder, entry.request, entry.vote));
    else return false;
    return true;
  }
}

/** A client that takes encoded bytes. `sends` has checked that. */
type EncodedClient = ServerClient & Required<Pick<ServerClient, 'sendEncoded'>>;

/** A lone acquire is by far the most frequent request, and costs Redis the least. */
class LoneAcquire implements Question {
  constructor(
    private readonly encoder: BatchEncoder,
    private readonly request: AcquireRequest,
    private readonly vote: Vote<'acquire'>,
  ) {}

  send(client: EncodedClient): Promise<unknown> {
    return client.sendEncoded('set', this.encoder.encodeLoneAcquire(this.request));
  }

  onReply(reply: unknown): void {
    this.vote(setVoteFrom(reply));
  }

  onError(error: RedisNodeError): void {
    this.vote({ kind: 'failed', error });
  }
}

/** Asks if a key is still held. It is one command, and an extension is three. It puts nothing back. */
class LoneLook implements Question {
  constructor(
    private readonly encoder: BatchEncoder,
    private readonly request: ExtendRequest,
    private readonly vote: Vote<'extend'>,
  ) {}

  send(client: EncodedClient): Promise<unknown> {
    const { encoder, request } = this;
    return client.sendEncoded(
      'get',
      encoder.encodeAlone(request, 'get', () => encoder.keysOf({ request })),
    );
  }

  onReply(reply: unknown): void {
    this.vote(lookVoteFrom(reply, this.request.ownerToken));
  }

  onError(error: RedisNodeError): void {
    // Readers have the key, or another program has it.
    this.vote(error.code === 'WRONGTYPE' ? lookVoteFrom(null, '') : { kind: 'failed', error });
  }
}

class LoneRelease implements Question {
  constructor(
    private readonly all: LoneRequests,
    private readonly request: ReleaseRequest,
    private readonly vote: Vote<'release'>,
  ) {
    all.releasesUnderWay.add(request.ownerToken);
  }

  send(client: EncodedClient): Promise<unknown> {
    return client.sendEncoded('evalsha', this.all.encoder.encodeLoneRelease(this.request));
  }

  onReply(reply: unknown): void {
    this.end(releaseVoteFrom(reply));
  }

  onError(error: RedisNodeError): void {
    if (error.code !== 'NOSCRIPT') {
      this.end({ kind: 'failed', error });
      return;
    }
    this.all.releasesUnderWay.remove(this.request.ownerToken);
    this.all.ways.release(this.request, this.vote);
  }

  private end(vote: ReleaseVote): void {
    const { releasesUnderWay, ways } = this.all;
    releasesUnderWay.remove(this.request.ownerToken);
    if (vote.kind === 'failed') ways.onFailedRelease(this.request);
    this.vote(vote);
  }
}
