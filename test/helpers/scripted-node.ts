import type {
  AcquireRequest,
  ExtendRequest,
  LockNode,
  NodeHold,
  RaiseFenceRequest,
  ReleaseRequest,
  ReleaseSubscription,
} from '../../lib/core/lock-node.interface';

type Request = AcquireRequest | ExtendRequest | RaiseFenceRequest | ReleaseRequest;
type Verb = 'acquire' | 'extend' | 'raiseFence' | 'release';

interface Asked {
  readonly verb: Verb;
  readonly request: Request;
  readonly vote: (vote: never) => void;
}

/** A node that votes only when the test tells it to, and what the test tells it to. */
export class ScriptedNode implements LockNode {
  readonly status = 'up';
  readonly asked: Asked[] = [];
  /** Called inside the verb, for a node that answers at once or throws. */
  onAsked: ((asked: Asked) => void) | undefined;
  inspect: (resource: string) => Promise<NodeHold | null> = () => Promise.resolve(null);

  constructor(readonly name: string) {}

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

  acquire(request: AcquireRequest, vote: (vote: never) => void): void {
    this.note({ verb: 'acquire', request, vote });
  }

  extend(request: ExtendRequest, vote: (vote: never) => void): void {
    this.note({ verb: 'extend', request, vote });
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: never) => void): void {
    this.note({ verb: 'raiseFence', request, vote });
  }

  release(request: ReleaseRequest, vote: (vote: never) => void): void {
    this.note({ verb: 'release', request, vote });
  }

  onReleased(): ReleaseSubscription {
    return { isHeard: true, stop: () => undefined };
  }

  onStatus(): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private note(asked: Asked): void {
    this.asked.push(asked);
    this.onAsked?.(asked);
  }
}

export const GRANTED = { kind: 'granted' } as const;
export const DENIED = { kind: 'denied' } as const;
export const FAILED = { kind: 'failed', error: new Error('connect ECONNREFUSED') } as const;
export const HEALED = { kind: 'denied', healed: true } as const;
