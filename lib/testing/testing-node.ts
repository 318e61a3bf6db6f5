import type { Clock } from '../core/clock.interface';
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
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
} from '../core/lock-node.interface';
import { MemoryLockNode } from '../memory/memory-lock-node';

/** A node in the process that a test can fail: it then refuses everything at once, and keeps what it has. */
export class TestingNode implements LockNode {
  private readonly inner: MemoryLockNode;
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();
  private hasFailed = false;

  constructor(
    readonly name: string,
    clock: Clock,
  ) {
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
    this.tell({ status: 'up' });
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    if (this.hasFailed) vote(this.failure());
    else this.inner.acquire(request, vote);
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    if (this.hasFailed) vote(this.failure());
    else this.inner.extend(request, vote);
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    if (this.hasFailed) vote(this.failure());
    else this.inner.raiseFence(request, vote);
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    if (this.hasFailed) vote(this.failure());
    else this.inner.release(request, vote);
  }

  inspect(resource: string): Promise<NodeHold | null> {
    return this.hasFailed ? Promise.reject(this.failure().error) : this.inner.inspect(resource);
  }

  onReleased(resource: string, wake: (released?: string) => void): ReleaseSubscription {
    return this.inner.onReleased(resource, wake);
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private tell(change: NodeStatusChange): void {
    for (const listener of [...this.statusListeners]) listener(change);
  }

  private failure(): FailedVote {
    return { kind: 'failed', error: new Error(`${this.name} was failed by the test`) };
  }
}
