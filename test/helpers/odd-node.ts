import fc from 'fast-check';
import type { LockNode } from '../../lib/ports/lock-node.interface';
import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import { oddNumber, oddValue } from './odd-values';

type Vote = (vote: unknown) => void;
type Behaviour = (honest: () => void, vote: Vote) => unknown;

const anything = oddValue(['kind', 'error', 'then', 'message', 'waiting', 'isHeard', 'stop', 'status']);

/** Errors that are made to hurt whoever shows them. */
const oddError = fc.oneof(
  anything,
  fc
    .constantFrom<() => unknown>(
      () => new Error('mine'),
      () => Object.defineProperty(new Error(), 'message', { get: fail }),
      () => Object.assign(new Error(), { message: Symbol('mine') }),
      () => ({ toString: fail }),
      () => new Proxy(new Error('mine'), { get: fail, getPrototypeOf: fail }),
    )
    .map((make) => make()),
);

const oddFields = fc.record(
  {
    kind: fc.oneof(fc.constantFrom<unknown>('denied', 'failed', 'GRANTED', 'settle', 'answered'), anything),
    replaced: anything,
    fence: fc.oneof(oddNumber, anything),
    isFenceUneven: anything,
    holderTtlMs: fc.oneof(oddNumber, anything),
    holder: anything,
    healed: anything,
    waiting: fc.oneof(oddNumber, anything),
    error: oddError,
  },
  { requiredKeys: ['kind'] },
);

/** Says one kind at the first look, and another at every later one. */
const changing = fc
  .tuple(
    fc.constantFrom('denied', 'failed', 'phase'),
    fc.constantFrom('granted', 'settle', 'votes', 'denied'),
  )
  .map(([first, later]) => () => {
    let looks = 0;
    return {
      get kind() {
        return looks++ === 0 ? first : later;
      },
      error: new Error('mine'),
    };
  });

/** Makes what is not a grant at the first look. */
const oddVote: fc.Arbitrary<() => unknown> = fc.oneof(
  changing,
  fc.oneof(anything, oddFields).map((given) => () => given),
);

/** What a verb that votes may do instead of voting. None of it grants anything. */
const oddVerb: fc.Arbitrary<Behaviour> = fc.oneof(
  {
    weight: 3,
    arbitrary: oddVote.map((given): Behaviour => (_, vote) => {
      vote(given);
    }),
  },
  {
    weight: 2,
    arbitrary: oddVote.map(
      (make): Behaviour =>
        (_, vote) =>
          void setImmediate(vote, make()),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Behaviour>(() => undefined) },
  {
    weight: 2,
    arbitrary: oddError.map((error): Behaviour => () => {
      throw error;
    }),
  },
  // As `async acquire()` does.
  {
    weight: 2,
    arbitrary: oddError.map(
      (error): Behaviour =>
        () =>
          rejected(error),
    ),
  },
  {
    weight: 1,
    arbitrary: anything.map(
      (given): Behaviour =>
        () =>
          given,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(oddVote, oddVote).map(([first, second]): Behaviour => (_, vote) => {
      vote(first);
      vote(second);
      throw new Error('mine');
    }),
  },
);

/** As a verb of a node should be; or it says more than it should. */
const fairVerb: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.constant<Behaviour>((honest) => {
    honest();
  }),
  oddError.map((error): Behaviour => (honest) => {
    honest();
    return rejected(error);
  }),
);

const status = fc.oneof(fc.constantFrom<unknown>('up', 'connecting', 'down', 'closed'), anything);

const news = fc.oneof(
  anything,
  fc.record(
    {
      status,
      error: oddError,
      servers: fc.oneof(
        anything,
        fc.array(
          fc.oneof(
            anything,
            fc.record({
              runId: fc.oneof(fc.constant('x'), anything),
              uptimeMs: oddNumber,
              evicts: anything,
              persists: anything,
            }),
          ),
          { maxLength: 3 },
        ),
      ),
      clockAheadMs: fc.oneof(oddNumber, anything),
    },
    { requiredKeys: [] },
  ),
);

/** What subscribing may do: throw, give no subscription, one that cannot be stopped, or wake at once with anything. */
const subscribing = fc.oneof(
  { weight: 1, arbitrary: fc.constant('honest' as const) },
  { weight: 1, arbitrary: oddError.map((error) => ({ throws: error })) },
  { weight: 1, arbitrary: oddError.map((error) => ({ gives: () => rejected(error), wakes: [] })) },
  {
    weight: 3,
    arbitrary: fc.record({
      gives: fc
        .oneof(anything, fc.record({ isHeard: anything, stop: fc.oneof(anything, fc.constant(fail)) }))
        .map((given) => (): unknown => given),
      wakes: fc.array(fc.tuple(anything, anything), { maxLength: 2 }),
    }),
  },
);

export interface OddNodeSettings {
  /** Whether its verbs may also work; else it grants nothing. */
  readonly mayGrant: boolean;
}

/** A lock node by somebody who has not read the interface, or not to the end. */
export function oddNode({ mayGrant }: OddNodeSettings): fc.Arbitrary<LockNode> {
  const verb = mayGrant
    ? fc.oneof({ weight: 1, arbitrary: fairVerb }, { weight: 1, arbitrary: oddVerb })
    : oddVerb;
  return fc
    .record({
      verbs: fc.record({ acquire: verb, extend: verb, raiseFence: verb, release: verb }),
      inspect: fc.oneof(
        fc.constant('honest' as const),
        oddError.map((error) => () => {
          throw error;
        }),
        oddError.map((error) => () => rejected(error)),
        fc
          .oneof(anything, fc.record({ ownerToken: anything, ttlMs: fc.oneof(oddNumber, anything) }))
          .map((given) => (): unknown => given),
        fc.constant(() => new Promise(() => undefined)),
      ),
      subscribing,
      status,
      isStatusThrown: fc.boolean(),
      listening: fc.oneof(
        oddError.map((error) => ({ throws: error })),
        fc.record({ gives: fc.oneof(anything, fc.constant(fail)), tells: fc.array(news, { maxLength: 3 }) }),
      ),
    })
    .map((how) => new OddNode(how) as unknown as LockNode);
}

interface How {
  readonly verbs: Record<'acquire' | 'extend' | 'raiseFence' | 'release', Behaviour>;
  readonly inspect: 'honest' | (() => unknown);
  readonly subscribing:
    'honest' | { throws: unknown } | { gives: () => unknown; wakes: (readonly [unknown, unknown])[] };
  readonly status: unknown;
  readonly isStatusThrown: boolean;
  readonly listening: { throws: unknown } | { gives: unknown; tells: unknown[] };
}

let made = 0;

class OddNode {
  readonly name = `odd-${++made}`;
  private readonly honest = new MemoryLockNode();

  constructor(private readonly how: How) {}

  [fc.toStringMethod](): string {
    return fc.stringify(this.how);
  }

  get status(): unknown {
    if (this.how.isStatusThrown) throw new Error('mine');
    return this.how.status;
  }

  acquire(request: never, vote: Vote): unknown {
    return this.how.verbs.acquire(() => {
      this.honest.acquire(request, vote);
    }, vote);
  }

  extend(request: never, vote: Vote): unknown {
    return this.how.verbs.extend(() => {
      this.honest.extend(request, vote);
    }, vote);
  }

  raiseFence(request: never, vote: Vote): unknown {
    return this.how.verbs.raiseFence(() => {
      this.honest.raiseFence(request, vote);
    }, vote);
  }

  release(request: never, vote: Vote): unknown {
    return this.how.verbs.release(() => {
      this.honest.release(request, vote);
    }, vote);
  }

  inspect(resource: string): unknown {
    const { inspect } = this.how;
    return inspect === 'honest' ? this.honest.inspect(resource) : inspect();
  }

  onReleased(resource: string, wake: (released?: unknown, waiting?: unknown) => void): unknown {
    const { subscribing: how } = this.how;
    if (how === 'honest') return this.honest.onReleased(resource, wake);
    if ('throws' in how) throw how.throws;
    for (const [released, waiting] of how.wakes) {
      wake(released, waiting);
      setImmediate(wake, released, waiting);
    }
    return how.gives();
  }

  onStatus(listener: (news: unknown) => void): unknown {
    const { listening } = this.how;
    if ('throws' in listening) throw listening.throws;
    for (const told of listening.tells) setImmediate(listener, told);
    return listening.gives;
  }

  close(): never {
    throw new Error('whoever made it closes it');
  }
}

function rejected(error: unknown): Promise<never> {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- anything can be thrown
  return Promise.reject(error);
}

function fail(): never {
  throw new Error('mine');
}
