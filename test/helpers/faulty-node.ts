import type {
  FailedVote,
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  ReleaseHandler,
  ReleaseSubscription,
  ServerFacts,
} from '../../lib/ports/lock-node.interface';
import type { ListRequest, ListedPart } from '../../lib/ports/node-listing.interface';
import {
  ForwardingVoter,
  type RequestOf,
  type Verb,
  type Vote,
  type VoteOf,
  type Voter,
} from '../../lib/ports/verbs';
import type { Clock } from '../../lib/ports/clock.interface';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';

export type Fault =
  /** Answers. */
  | 'none'
  /** Requests wait in front of the node, in order, until `recover()`. */
  | 'stalled'
  /** Requests are applied, and their answers wait until `recover()`. */
  | 'mute'
  /** Requests are lost on the way: neither applied nor answered. */
  | 'deaf'
  /** Every request fails at once and never arrives. */
  | 'refused'
  /** Answers, and grants nothing: its memory is full. */
  | 'full';

interface Sent {
  readonly verb: Verb;
  readonly request: RequestOf<Verb>;
}

const REFUSED: FailedVote = { kind: 'failed', error: new Error('refused') };
const FULL: FailedVote = {
  kind: 'failed',
  error: Object.assign(new Error('OOM command not allowed'), { code: 'OOM' }),
};

/** An in-process node with a fault of choice in front of it, that remembers what was asked. */
export class FaultyNode extends ForwardingVoter implements LockNode {
  readonly sharing = true;
  fault: Fault = 'none';
  /** How long a request and its answer are under way together. Set it before the first request. */
  latencyMs = 0;
  /** How long a message about a release is under way. Set it before the first request. */
  messageMs = 0;
  readonly sent: Sent[] = [];

  private inner: MemoryLockNode;
  private readonly waiting: (() => void)[] = [];
  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();
  private readonly subscriptions = new Set<ReleaseSubscription>();

  constructor(
    readonly name: string,
    private readonly clock: Clock,
    private readonly tellsReleases = true,
  ) {
    super();
    this.inner = new MemoryLockNode({ name, clock });
  }

  get status(): NodeStatus {
    return this.fault === 'refused' ? 'down' : 'up';
  }

  /** How many requests of one kind were sent, whether they arrived or not. */
  count(verb: Sent['verb']): number {
    return this.sent.filter((sent) => sent.verb === verb).length;
  }

  /** What the node would hold if one looked into it. */
  owner(resource: string): Promise<NodeHold | null> {
    return this.inner.inspect(resource);
  }

  /** Takes a hold away behind everybody's back, as `DEL` in a Redis shell does. */
  async steal(resource: string): Promise<void> {
    const lease = await this.inner.inspect(resource);
    if (lease === null) return;
    const { ownerToken, ttlMs } = lease;
    this.inner.release({ resources: [resource], ownerToken, ttlMs, wakeWaiters: false }, () => undefined);
  }

  /** Clears the fault and lets through what waited; what that causes comes behind it, as on one connection. */
  recover(): void {
    for (let go = this.waiting.shift(); go !== undefined; go = this.waiting.shift()) go();
    this.fault = 'none';
    this.tell({ status: 'up' });
  }

  /** The connection breaks: what waited in front of the node, and the answers under way, are lost. */
  refuse(error: Error = REFUSED.error): void {
    this.waiting.splice(0);
    this.fault = 'refused';
    this.tell({ status: 'down', error });
  }

  /** Comes back empty, and may say who it is now. What waited is lost. */
  restartEmpty(server?: ServerFacts): void {
    this.waiting.splice(0);
    this.inner = new MemoryLockNode({ name: this.name, clock: this.clock });
    this.fault = 'none';
    this.tell({ status: 'up', servers: server && [server] });
  }

  /** From now on another name of `other`'s server. */
  beSameServerAs(other: FaultyNode): void {
    this.inner = other.inner;
  }

  list(request: ListRequest): Promise<ListedPart> {
    if (this.fault === 'refused') return Promise.reject(REFUSED.error);
    return this.fault === 'none' || this.fault === 'full'
      ? this.inner.list(request)
      : new Promise(() => undefined);
  }

  inspect(resource: string): Promise<NodeHold | null> {
    if (this.fault === 'refused') return Promise.reject(REFUSED.error);
    if (this.fault === 'none' || this.fault === 'full') return this.inner.inspect(resource);
    return new Promise((resolve) => {
      if (this.fault === 'deaf') return;
      this.waiting.push(() => {
        resolve(this.inner.inspect(resource));
      });
    });
  }

  onReleased(resource: string, wake: ReleaseHandler, inLineAs?: string): ReleaseSubscription {
    const tell: ReleaseHandler = (...news) => {
      if (this.messageMs === 0) wake(...news);
      else
        this.clock.schedule(this.messageMs, () => {
          wake(...news);
        });
    };
    const subscription = this.inner.onReleased(resource, tell, inLineAs);
    this.subscriptions.add(subscription);
    return {
      ...subscription,
      isHeard: this.tellsReleases,
      stop: () => {
        this.subscriptions.delete(subscription);
        subscription.stop();
      },
    };
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  get statusListenerCount(): number {
    return this.statusListeners.size;
  }

  /** The number of waiters that listen for releases. */
  get subscriptionCount(): number {
    return this.subscriptions.size;
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  protected override forward<V extends Verb>(verb: V, request: RequestOf<V>, vote: Vote<V>): void {
    this.sent.push({ verb, request });
    if (this.fault === 'refused') {
      vote(REFUSED);
      return;
    }
    if (this.fault === 'full' && verb === 'acquire') {
      vote(FULL);
      return;
    }
    this.travel(() => {
      this.arrive<VoteOf<V>>(
        (answer) => {
          (this.inner as Voter)[verb](request, answer);
        },
        (answer) => {
          this.travel(() => {
            vote(answer);
          });
        },
      );
    });
  }

  private arrive<V>(apply: (answer: (vote: V) => void) => void, reply: (vote: V) => void): void {
    if (this.fault === 'none' || this.fault === 'full') apply(reply);
    if (this.fault === 'stalled')
      this.waiting.push(() => {
        apply(reply);
      });
    if (this.fault === 'mute')
      apply((answer) => {
        this.waiting.push(() => {
          reply(answer);
        });
      });
  }

  /** One way: all take equally long, so that nothing is overtaken. */
  private travel(arrive: () => void): void {
    if (this.latencyMs === 0) arrive();
    else this.clock.schedule(this.latencyMs / 2, arrive);
  }

  /** News of the node; it stays up. */
  tell(change: NodeStatusChange): void {
    for (const listener of [...this.statusListeners]) listener(change);
  }
}
