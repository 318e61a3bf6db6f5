import { types } from 'node:util';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  LeaveRequest,
  LeaveVote,
  LockNode,
  NodeHold,
  NodeMemory,
  NodeStatus,
  NodeStatusChange,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseHandler,
  ReleaseRequest,
  ReleaseSubscription,
  ReleaseVote,
} from '../ports/lock-node.interface';
import type { ListRequest, ListedPart } from '../ports/node-listing.interface';
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
export class ForeignNode implements LockNode {
  readonly sharing?: true;
  private readonly verbs: Verbs;

  /** @param isSharing true if the node supports readers, permits and the line */
  constructor(
    private readonly node: LockNode,
    readonly name: string,
    isSharing = false,
  ) {
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

  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void {
    ask(
      (give) => this.verbs.acquire(request, give),
      (given) => acquireVoteFrom(given, request),
      vote,
    );
  }

  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void {
    ask((give) => this.verbs.extend(request, give), extendVoteFrom, vote);
  }

  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void {
    ask((give) => this.verbs.raiseFence(request, give), raiseFenceVoteFrom, vote);
  }

  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void {
    ask((give) => this.verbs.release(request, give), releaseVoteFrom, vote);
  }

  leave(request: LeaveRequest, vote: (vote: LeaveVote) => void): void {
    ask((give) => this.verbs.leave?.(request, give), leaveVoteFrom, vote);
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
    // Of a node that tells of each release the waiter counts them.
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
interface Verbs {
  acquire(request: AcquireRequest, give: Give): unknown;
  extend(request: ExtendRequest, give: Give): unknown;
  raiseFence(request: RaiseFenceRequest, give: Give): unknown;
  release(request: ReleaseRequest, give: Give): unknown;
  leave?(request: LeaveRequest, give: Give): unknown;
}

type Give = (given: unknown) => void;

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
