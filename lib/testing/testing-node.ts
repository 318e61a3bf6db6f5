import { sharedIn, type KindOfHold } from '../ports/lock-kind';
import type { Clock } from '../ports/clock.interface';
import type {
  FailedVote,
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  ReleaseRequest,
  ReleaseSubscription,
} from '../ports/lock-node.interface';
import type { ListRequest, ListedPart } from '../ports/node-listing.interface';
import { ForwardingVoter, type RequestOf, type Verb, type Vote, type Voter } from '../ports/verbs';
import { MemoryLockNode } from '../memory/memory-lock-node';

/** The most releases that a failed node keeps for later. No test needs more. */
const MOST_OWED = 1_000;

/**
 * A node in the process that a test can make fail. Then it refuses everything at once, and keeps what it has.
 * Locks that were released in the meantime are removed when it recovers, as on a real node with its next
 * connection.
 */
export class TestingNode extends ForwardingVoter implements LockNode {
  readonly sharing = true;
  private readonly inner: MemoryLockNode;
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();
  /** The releases to do later, each with the time of its request. */
  private readonly owed = new Map<ReleaseRequest, number>();
  private hasFailed = false;

  constructor(
    readonly name: string,
    private readonly clock: Clock,
  ) {
    super();
    this.inner = new MemoryLockNode({ name, clock });
  }

  get status(): NodeStatus {
    return this.hasFailed ? 'down' : this.inner.status;
  }

  fail(): void {
    this.hasFailed = true;
    this.tell({ status: 'down', error: this.failure().error });
  }

  recover(): void {
    this.hasFailed = false;
    this.releaseOwed();
    this.tell({ status: 'up' });
  }

  protected override forward<V extends Verb>(verb: V, request: RequestOf<V>, vote: Vote<V>): void {
    if (this.hasFailed) vote(this.failure());
    else (this.inner as Voter)[verb](request, vote);
  }

  override release(request: ReleaseRequest, vote: Vote<'release'>): void {
    if (this.hasFailed && this.owed.size < MOST_OWED) this.owed.set(request, this.clock.now());
    super.release(request, vote);
  }

  /** Loses a lock, as a server does that somebody empties. It works on a failed node too. */
  forget({ resources, ownerToken, kind }: KindOfHold & { readonly ownerToken: string }): void {
    const request = { resources, ownerToken, wakeWaiters: !this.hasFailed, ttlMs: 1 };
    const as = kind?.mode === 'limited' ? { slots: 'all' as const } : { shared: sharedIn(kind) };
    this.inner.release({ ...request, ...as }, () => undefined);
  }

  inspect(resource: string): Promise<NodeHold | null> {
    return this.hasFailed ? Promise.reject(this.failure().error) : this.inner.inspect(resource);
  }

  list(request: ListRequest): Promise<ListedPart> {
    return this.hasFailed ? Promise.reject(this.failure().error) : this.inner.list(request);
  }

  onReleased(resource: string, wake: (released?: string) => void, inLineAs?: string): ReleaseSubscription {
    return this.inner.onReleased(resource, wake, inLineAs);
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  close(): Promise<void> {
    this.owed.clear();
    return this.inner.close();
  }

  private releaseOwed(): void {
    for (const [request, madeAtMs] of this.owed) {
      const ageMs = this.clock.now() - madeAtMs;
      const keepMs = (request.keepMs ?? 0) - ageMs;
      // The ttl of this lock is over, so whatever is there now does not belong to it.
      if (ageMs >= request.ttlMs) continue;
      this.inner.release({ ...request, keepMs: keepMs > 0 ? keepMs : undefined }, () => undefined);
    }
    this.owed.clear();
  }

  private tell(change: NodeStatusChange): void {
    for (const listener of [...this.statusListeners]) listener(change);
  }

  private failure(): FailedVote {
    return { kind: 'failed', error: new Error(`${this.name} was failed by the test`) };
  }
}
