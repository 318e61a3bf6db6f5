import type { Clock } from '../ports/clock.interface';
import { ListenerMap } from '../collections/listener-map';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseHandler,
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { systemClock } from '../system/system-clock';
import { MemoryCounters } from './memory-counters';

export interface MemoryLockNodeOptions {
  /**
   * Shown in votes, events and errors; must differ from the other nodes'.
   *
   * @default 'memory-1', 'memory-2', … in the order in which nodes are made
   */
  name?: string;
  /** @default the clocks of this process */
  clock?: Clock;
}

interface Entry {
  readonly ownerToken: string;
  readonly expiresAtMs: number;
}

/** Below this number of entries it does not pay to look for expired ones. */
const SMALLEST_SWEEP = 64;

let made = 0;

/**
 * A lock node in this process: real contention without Redis, for tests, development and single-process programs.
 *
 * It excludes the callers that share the same node object, and nobody else: not another process, and not another
 * `MemoryLockNode`.
 */
export class MemoryLockNode implements LockNode {
  readonly name: string;

  private readonly clock: Clock;
  private readonly entries = new Map<string, Entry>();
  private readonly counters: MemoryCounters;
  private readonly releaseListeners = new ListenerMap<{ ownerToken: string; waiting: number }>();
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();
  private currentStatus: NodeStatus = 'up';
  private sweepAtSize = SMALLEST_SWEEP;

  constructor(options: MemoryLockNodeOptions = {}) {
    this.name = options.name ?? `memory-${++made}`;
    this.clock = options.clock ?? systemClock;
    this.counters = new MemoryCounters(this.clock);
  }

  get status(): NodeStatus {
    return this.currentStatus;
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    if (this.currentStatus === 'closed') {
      vote(this.closedVote());
      return;
    }
    const now = this.clock.now();
    const found = request.resources.flatMap((resource) => this.find(resource, now) ?? []);
    const inTheWay = found.filter(({ ownerToken }) => ownerToken !== request.replaces);
    if (inTheWay.length > 0) {
      const last = inTheWay.reduce((one, other) => (other.expiresAtMs > one.expiresAtMs ? other : one));
      vote({ kind: 'denied', holderTtlMs: last.expiresAtMs - now, holder: last.ownerToken });
      return;
    }
    for (const resource of request.resources) this.put(resource, request.ownerToken, now + request.ttlMs);
    this.sweepIfGrown(now);
    const grant =
      request.replaces !== undefined && found.length === request.resources.length ? REPLACED : GRANTED;
    vote(
      request.fence === undefined
        ? grant
        : { ...grant, fence: this.counters.number(request.resources, request.fence) },
    );
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    if (this.currentStatus === 'closed') {
      vote(this.closedVote());
      return;
    }
    const { resources, ownerToken, fence, keepMs } = request;
    const now = this.clock.now();
    if (!resources.every((resource) => this.find(resource, now)?.ownerToken === ownerToken)) {
      vote({ kind: 'denied' });
      return;
    }
    this.counters.raise(resources, fence, keepMs);
    vote(GRANTED);
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    if (this.currentStatus === 'closed') {
      vote(this.closedVote());
      return;
    }
    const now = this.clock.now();
    const owners = request.resources.map((resource) => this.find(resource, now)?.ownerToken);
    const { ownerToken, replaces, putsBack = true } = request;
    const isForeign = owners.some(
      (owner) => owner !== undefined && owner !== ownerToken && owner !== replaces,
    );
    if (isForeign || (!putsBack && owners.includes(undefined))) {
      vote({ kind: 'denied', healed: false });
      return;
    }
    for (const resource of request.resources) {
      const mine = this.find(resource, now);
      // Never shorter: the request may have been overtaken by a later one, on whose ttl the holder counts.
      const leastMs = mine?.ownerToken === ownerToken ? mine.expiresAtMs : 0;
      this.put(resource, ownerToken, Math.max(leastMs, now + request.ttlMs));
    }
    vote(owners.includes(undefined) ? { kind: 'denied', healed: true } : GRANTED);
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    if (this.currentStatus === 'closed') {
      vote(this.closedVote());
      return;
    }
    const now = this.clock.now();
    const ours = request.resources.filter(
      (resource) => this.find(resource, now)?.ownerToken === request.ownerToken,
    );
    for (const resource of ours) {
      if (request.keepMs === undefined) this.entries.delete(resource);
      else this.put(resource, request.ownerToken, now + request.keepMs);
    }
    let waiting = 0;
    if (request.wakeWaiters) {
      for (const resource of ours) {
        const listening = this.releaseListeners.count(resource);
        waiting = Math.max(waiting, listening);
        this.releaseListeners.call(resource, { ownerToken: request.ownerToken, waiting: listening });
      }
    }
    if (ours.length !== request.resources.length) vote({ kind: 'denied' });
    else vote(waiting > 0 ? { kind: 'granted', waiting } : GRANTED);
  }

  inspect(resource: string): Promise<NodeHold | null> {
    if (this.currentStatus === 'closed') return Promise.reject(this.closedVote().error);
    const now = this.clock.now();
    const entry = this.find(resource, now);
    return Promise.resolve(
      entry === undefined ? null : { ownerToken: entry.ownerToken, ttlMs: entry.expiresAtMs - now },
    );
  }

  onReleased(resource: string, wake: ReleaseHandler): ReleaseSubscription {
    // A function of its own: the same one may be given for two subscriptions.
    const listener = (release: { ownerToken: string; waiting: number }) => {
      wake(release.ownerToken, release.waiting);
    };
    this.releaseListeners.add(resource, listener);
    return {
      isHeard: true,
      stop: () => {
        this.releaseListeners.remove(resource, listener);
      },
    };
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  close(): Promise<void> {
    if (this.currentStatus !== 'closed') {
      this.currentStatus = 'closed';
      this.entries.clear();
      this.counters.clear();
      for (const listener of this.statusListeners) listener({ status: 'closed' });
    }
    return Promise.resolve();
  }

  private find(resource: string, now: number): Entry | undefined {
    const entry = this.entries.get(resource);
    return entry !== undefined && entry.expiresAtMs > now ? entry : undefined;
  }

  private put(resource: string, ownerToken: string, expiresAtMs: number): void {
    this.entries.set(resource, { ownerToken, expiresAtMs });
  }

  /** Keeps what nobody releases from piling up, at a cost that is constant per acquire on average. */
  private sweepIfGrown(now: number): void {
    if (this.entries.size < this.sweepAtSize) return;
    for (const [resource, entry] of this.entries) {
      if (entry.expiresAtMs <= now) this.entries.delete(resource);
    }
    this.sweepAtSize = Math.max(SMALLEST_SWEEP, this.entries.size * 2);
  }

  private closedVote(): FailedVote {
    return { kind: 'failed', error: new Error(`${this.name} is closed`) };
  }
}

const GRANTED = { kind: 'granted' } as const;
const REPLACED = { kind: 'granted', replaced: true } as const;
