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
} from '../../lib/core/lock-node.interface';
import type { Clock } from '../../lib/core/clock.interface';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';

export type Fault =
  /** Answers at once. */
  | 'none'
  /** Requests wait in front of the node, in order, until it is `none` again. */
  | 'stalled'
  /** Requests are applied, and their answers wait until it is `none` again. */
  | 'mute'
  /** Every request fails at once and never arrives. */
  | 'refused';

interface Sent {
  readonly verb: 'acquire' | 'extend' | 'release';
  readonly request: AcquireRequest | ExtendRequest | ReleaseRequest;
}

/** An in-process node with a fault of choice in front of it, that remembers what was asked. */
export class FaultyNode implements LockNode {
  fault: Fault = 'none';
  readonly sent: Sent[] = [];

  private inner: MemoryLockNode;
  private readonly held: (() => void)[] = [];
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();

  constructor(
    readonly name: string,
    private readonly clock: Clock,
    private readonly tellsReleases = true,
  ) {
    this.inner = new MemoryLockNode({ name, clock });
  }

  get status(): NodeStatus {
    return this.fault === 'refused' ? 'down' : 'up';
  }

  /** What the node would hold if one looked into it. */
  owner(resource: string): Promise<NodeHold | null> {
    return this.inner.inspect(resource);
  }

  /** Clears the fault and lets through what waited. */
  recover(): void {
    this.fault = 'none';
    for (const go of this.held.splice(0)) go();
    for (const listener of this.statusListeners) listener({ status: 'up' });
  }

  /** Comes back empty. What waited is lost. */
  restartEmpty(): void {
    this.held.splice(0);
    this.inner = new MemoryLockNode({ name: this.name, clock: this.clock });
    this.fault = 'none';
  }

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    this.pass({ verb: 'acquire', request }, vote, (answer) => {
      this.inner.acquire(request, answer);
    });
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    this.pass({ verb: 'extend', request }, vote, (answer) => {
      this.inner.extend(request, answer);
    });
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    this.pass({ verb: 'release', request }, vote, (answer) => {
      this.inner.release(request, answer);
    });
  }

  inspect(resource: string): Promise<NodeHold | null> {
    if (this.fault === 'refused') return Promise.reject(new Error('refused'));
    if (this.fault === 'none') return this.inner.inspect(resource);
    return new Promise((resolve) => {
      this.held.push(() => {
        resolve(this.inner.inspect(resource));
      });
    });
  }

  onReleased(resource: string, wake: () => void): (() => void) | null {
    return this.tellsReleases ? this.inner.onReleased(resource, wake) : null;
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private pass<V>(sent: Sent, vote: (vote: V) => void, apply: (answer: (vote: V) => void) => void): void {
    this.sent.push(sent);
    switch (this.fault) {
      case 'none':
        apply(vote);
        return;
      case 'stalled':
        this.held.push(() => {
          apply(vote);
        });
        return;
      case 'mute':
        apply((answer) => {
          this.held.push(() => {
            vote(answer);
          });
        });
        return;
      case 'refused':
        (vote as (vote: { kind: 'failed'; error: Error }) => void)({
          kind: 'failed',
          error: new Error('refused'),
        });
    }
  }
}
