import { types } from 'node:util';
import type {
  FailedVote,
  LockNode,
  NodeHold,
  NodeMemory,
  NodeStatus,
  NodeStatusChange,
  ReleaseHandler,
  ReleaseSubscription,
} from '../ports/lock-node.interface';
import type { ListRequest, ListedPart } from '../ports/node-listing.interface';
import { ForwardingVoter, type RequestOf, type Verb, type Vote, type VoteOf } from '../ports/verbs';
import {
  acquireVoteFrom,
  extendVoteFrom,
  failedVoteFrom,
  leaveVoteFrom,
  raiseFenceVoteFrom,
  releaseVoteFrom,
} from './foreign-votes';
import { listedPartFrom } from './foreign-list';
import {
  errorFrom,
  holdFrom,
  isStatus,
  memoryFrom,
  ownerTokenFrom,
  statusChangeFrom,
  waitingFrom,
} from './foreign-news';

/**
 * Wraps a node that is not ours. Whatever it answers, throws or leaves out, its callers get what the port
 * promises.
 *
 * Each answer is read once and copied, since a getter could return something else at the next read.
 */
export class ForeignNode extends ForwardingVoter implements LockNode {
  readonly sharing?: true;
  private readonly verbs: GivenVerbs;

  /** @param isSharing true if the node supports readers, permits and the line */
  constructor(
    private readonly node: LockNode,
    readonly name: string,
    isSharing = false,
  ) {
    super();
    this.verbs = node;
    if (isSharing) this.sharing = true;
  }

  get status(): NodeStatus {
    try {
      const { status } = this.node;
      return isStatus(status) ? status : 'down';
    } catch {
      return 'down';
    }
  }

  protected override forward<V extends Verb>(verb: V, request: RequestOf<V>, vote: Vote<V>): void {
    const read: (given: unknown, request: RequestOf<V>) => VoteOf<V> = READ[verb];
    ask(
      (give) => this.verbs[verb]?.(request, give),
      (given) => read(given, request),
      vote,
    );
  }

  async inspect(resource: string): Promise<NodeHold | null> {
    try {
      return holdFrom(await this.node.inspect(resource));
    } catch (error) {
      throw errorFrom(error);
    }
  }

  async memory(): Promise<NodeMemory | null> {
    return memoryFrom(await this.node.memory?.());
  }

  async list(request: ListRequest): Promise<ListedPart> {
    if (this.node.list === undefined) throw new Error('the node cannot list what it has');
    try {
      return listedPartFrom(await this.node.list(request));
    } catch (error) {
      throw errorFrom(error);
    }
  }

  onReleased(resource: string, wake: ReleaseHandler, inLineAs?: string): ReleaseSubscription {
    let isStopped = false;
    const heard: ReleaseHandler = (released, waiting) => {
      if (!isStopped) wake(ownerTokenFrom(released), waitingFrom(waiting));
    };
    const given = attempt(() =>
      inLineAs === undefined
        ? this.node.onReleased(resource, heard)
        : this.node.onReleased(resource, heard, inLineAs),
    ) as Partial<ReleaseSubscription> | undefined;
    // The waiter counts the releases of a node without `callsInTurn`. So the field is believed only if the node
    // was given a place in line.
    const callsInTurn = inLineAs !== undefined && attempt(() => given?.callsInTurn) === true;
    return {
      ...(callsInTurn ? { callsInTurn } : {}),
      get isHeard() {
        return attempt(() => given?.isHeard) === true;
      },
      stop: () => {
        isStopped = true;
        attempt(() => given?.stop?.());
      },
    };
  }

  onStatus(listener: (change: NodeStatusChange) => void): () => void {
    let isStopped = false;
    const stop = attempt(() =>
      this.node.onStatus((given) => {
        const change = statusChangeFrom(given);
        if (change !== undefined && !isStopped) listener(change);
      }),
    ) as (() => unknown) | undefined;
    return () => {
      isStopped = true;
      attempt(() => stop?.());
    };
  }

  /** The node is not closed here: its owner closes it. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The verbs as anybody may have written them. For example, they may return a promise. */
type GivenVerbs = { readonly [V in Verb]?: (request: RequestOf<V>, give: Give) => unknown };

type Give = (given: unknown) => void;

const READ: { readonly [V in Verb]: (given: unknown, request: RequestOf<V>) => VoteOf<V> } = {
  acquire: acquireVoteFrom,
  extend: extendVoteFrom,
  raiseFence: raiseFenceVoteFrom,
  release: releaseVoteFrom,
  leave: leaveVoteFrom,
};

/** Asks a verb. Everything that is no answer is a failed vote, even if it comes as a promise that rejects. */
function ask<V>(
  send: (give: Give) => unknown,
  read: (given: unknown) => V | FailedVote,
  vote: (vote: V | FailedVote) => void,
): void {
  const fail = (error: unknown) => {
    vote(failedVoteFrom(error));
  };
  try {
    const returned = send((given) => {
      vote(read(given));
    });
    if (types.isPromise(returned)) returned.catch(fail);
  } catch (error) {
    fail(error);
  }
}

/**
 * Runs `action`. Returns undefined if it throws. A promise that rejects is caught here, since it would end the
 * process.
 */
function attempt(action: () => unknown): unknown {
  try {
    const result = action();
    if (types.isPromise(result)) result.catch(ignore);
    return result;
  } catch {
    return undefined;
  }
}

function ignore(): void {
  // Nothing is done, as after a node that throws: it tells of no releases, and waiters ask again now and then.
}
