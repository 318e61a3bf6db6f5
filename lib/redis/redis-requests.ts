import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  NodeHold,
  ReleaseRequest,
  ReleaseVote,
} from '../core/lock-node.interface';
import { ACQUIRE, EXTEND, INSPECT, type LuaScript, RELEASE } from './lua-scripts';
import type { RedisConnection } from './redis-connection';
import { acquireVoteFrom, extendVoteFrom, holdFrom, releaseVoteFrom } from './redis-votes';
import { runScript } from './script-runner';
import { TokenCount } from './token-count';

type Keys = readonly string[];

/** The verbs of a node as Redis commands, for keys that one server can take together. */
export class RedisRequests {
  private readonly releasesUnderWay = new TokenCount();

  constructor(private readonly connection: RedisConnection) {}

  acquire(keys: Keys, request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    const { ownerToken, askHolderTtl } = request;
    const ttlMs = wholeMs(request.ttlMs);
    const [key] = keys;
    if (key === undefined || keys.length > 1 || askHolderTtl) {
      this.run<AcquireVote>(
        ACQUIRE,
        keys,
        [ownerToken, ttlMs],
        this.unlessReleased(ownerToken),
        acquireVoteFrom,
        vote,
      );
      return;
    }
    // By far the most frequent request, and the least work for Redis.
    this.connection.request(
      (client) => client.set(key, ownerToken, 'PX', ttlMs, 'NX'),
      (reply) => {
        vote(acquireVoteFrom(reply));
      },
      (error) => {
        vote({ kind: 'failed', error });
      },
    );
  }

  extend(keys: Keys, { ownerToken, ttlMs }: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    this.run<ExtendVote>(
      EXTEND,
      keys,
      [ownerToken, wholeMs(ttlMs)],
      this.unlessReleased(ownerToken),
      extendVoteFrom,
      vote,
    );
  }

  release(keys: Keys, { ownerToken, keepMs }: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    const keptMs = keepMs === undefined ? 0 : wholeMs(keepMs);
    this.releasesUnderWay.add(ownerToken);
    this.run<ReleaseVote>(RELEASE, keys, [ownerToken, keptMs], always, releaseVoteFrom, (releaseVote) => {
      this.releasesUnderWay.remove(ownerToken);
      vote(releaseVote);
    });
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
  ): void {
    runScript(this.connection, {
      script,
      keys,
      args,
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
    return () => !this.releasesUnderWay.has(ownerToken);
  }
}

function always(): boolean {
  return true;
}

/** Up, never down: the node must not forget earlier than the caller counts on. */
function wholeMs(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
