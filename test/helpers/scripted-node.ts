import type {
  LockNode,
  NodeHold,
  NodeStatus,
  NodeStatusChange,
  ReleaseSubscription,
} from '../../lib/ports/lock-node.interface';
import { ForwardingVoter, type RequestOf, type Verb, type Vote } from '../../lib/ports/verbs';

type Request = RequestOf<Verb>;

interface Asked {
  readonly verb: Verb;
  readonly request: Request;
  readonly vote: (vote: never) => void;
}

/** A node that votes only when the test tells it to, and what the test tells it to. */
export class ScriptedNode extends ForwardingVoter implements LockNode {
  readonly sharing = true;
  status: NodeStatus = 'up';
  readonly asked: Asked[] = [];
  /** Called inside the verb, for a node that answers at once or throws. */
  onAsked: ((asked: Asked) => void) | undefined;
  inspect: (resource: string) => Promise<NodeHold | null> = () => Promise.resolve(null);

  private readonly statusListeners = new Set<(change: NodeStatusChange) => void>();

  constructor(readonly name: string) {
    super();
  }

  get statusListenerCount(): number {
    return this.statusListeners.size;
  }

  get verbs(): Verb[] {
    return this.asked.map(({ verb }) => verb);
  }

  requestsOf(verb: Verb): Request[] {
    return this.asked.filter((asked) => asked.verb === verb).map(({ request }) => request);
  }

  /** Answers the last request of that kind. */
  answer(verb: Verb, vote: unknown): void {
    const asked = this.asked.findLast((one) => one.verb === verb);
    if (asked === undefined) throw new Error(`${this.name} was not asked to ${verb}`);
    asked.vote(vote as never);
  }

  onReleased(): ReleaseSubscription {
    return { isHeard: true, stop: () => undefined };
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  /** News of the node, as of a Redis that was asked who it is. */
  tell(change: NodeStatusChange): void {
    this.status = change.status;
    for (const listener of [...this.statusListeners]) listener(change);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  protected override forward<V extends Verb>(verb: V, request: RequestOf<V>, vote: Vote<V>): void {
    const asked = { verb, request, vote };
    this.asked.push(asked);
    this.onAsked?.(asked);
  }
}

export const GRANTED = { kind: 'granted' } as const;
export const DENIED = { kind: 'denied' } as const;
export const FAILED = { kind: 'failed', error: new Error('connect ECONNREFUSED') } as const;
export const HEALED = { kind: 'denied', healed: true } as const;
