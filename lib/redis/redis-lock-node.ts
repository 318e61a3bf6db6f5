import type { Clock } from '../core/clock.interface';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  ReleaseRequest,
  ReleaseVote,
} from '../core/lock-node.interface';
import { systemClock } from '../utils/system-clock';
import { askInParts, mergeAcquireVotes, mergeExtendVotes, mergeReleaseVotes } from './ask-in-parts';
import { isCluster } from './break-connection';
import { callSafely } from './call-safely';
import { groupBySlot } from './key-slot';
import { RedisConnection } from './redis-connection';
import type { RedisNodeDescription } from './redis-connections';
import { RedisRequests } from './redis-requests';
import { ReleaseBacklog } from './release-backlog';
import { loadScripts } from './script-runner';

export interface RedisLockNodeOptions {
  /**
   * Put before every resource to make its key.
   *
   * @default 'lock:'
   */
  keyPrefix?: string;
  /** @default the clocks of this process */
  clock?: Clock;
  /**
   * How many requests may wait for an answer; more fail at once.
   *
   * @default 10_000
   */
  mostInFlight?: number;
}

/**
 * A Redis master as a lock node; or a Redis Cluster or a Sentinel group, which count as one.
 *
 * A hold is a plain string at `keyPrefix + resource`, the owner token, with an expiry (R17).
 */
export class RedisLockNode implements LockNode {
  readonly name: string;

  private readonly keyPrefix: string;
  private readonly connection: RedisConnection;
  private readonly requests: RedisRequests;
  private readonly backlog: ReleaseBacklog;
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();

  constructor(description: RedisNodeDescription, options: RedisLockNodeOptions = {}) {
    const { clock = systemClock, keyPrefix = 'lock:', mostInFlight } = options;
    this.name = description.name;
    this.keyPrefix = keyPrefix;
    this.backlog = new ReleaseBacklog(clock);
    this.connection = new RedisConnection({
      description,
      clock,
      mostInFlight,
      onServerReady: (server) => {
        loadScripts(server);
        this.sendBacklog();
      },
      onStatus: (change) => {
        this.statusChanged(change);
      },
    });
    this.requests = new RedisRequests(this.connection);
  }

  get status(): NodeStatus {
    return this.connection.status;
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    const parts = this.partsOf(request.resources);
    askInParts<AcquireVote>(
      parts,
      (keys, voteOfPart) => {
        this.requests.acquire(keys, request, voteOfPart);
      },
      (votes) => {
        const merged = mergeAcquireVotes(votes);
        if (merged.kind === 'denied') {
          // "Denied" promises that nothing was changed: what other parts granted goes back.
          const granted = request.resources.length > 1 && votes.some(({ kind }) => kind === 'granted');
          if (granted) this.release({ ...request, wakeWaiters: false }, ignore);
        }
        vote(merged);
      },
    );
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    askInParts<ExtendVote>(
      this.partsOf(request.resources),
      (keys, voteOfPart) => {
        this.requests.extend(keys, request, voteOfPart);
      },
      (votes) => {
        vote(mergeExtendVotes(votes));
      },
    );
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    askInParts<ReleaseVote>(
      this.partsOf(request.resources),
      (keys, voteOfPart) => {
        this.requests.release(keys, request, voteOfPart);
      },
      (votes) => {
        const merged = mergeReleaseVotes(votes);
        if (merged.kind === 'failed' && this.status !== 'closed') this.backlog.add(request);
        vote(merged);
      },
    );
  }

  async inspect(resource: string): Promise<NodeHold | null> {
    return this.requests.inspect(this.keyPrefix + resource);
  }

  /** Redis does not tell yet: whoever waits asks again. */
  onReleased(_resource: string, _wake: () => void): null {
    return null;
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.connection.close();
    this.backlog.clear();
    this.statusListeners.clear();
  }

  private partsOf(resources: readonly string[]): string[][] {
    const keys = resources.map((resource) => this.keyPrefix + resource);
    return keys.length > 1 && isCluster(this.connection.client) ? groupBySlot(keys) : [keys];
  }

  private statusChanged(change: NodeStatusChange): void {
    if (change.status === 'up') this.sendBacklog();
    for (const listener of [...this.statusListeners]) callSafely(listener, change);
  }

  /** Before anything else goes over a new connection, so that it cannot undo what comes later. */
  private sendBacklog(): void {
    if (this.status !== 'up') return;
    for (const request of this.backlog.takeAll()) this.release(request, ignore);
  }
}

function ignore(): void {
  // A release that fails once more is in the backlog again, until its ttl is over.
}
