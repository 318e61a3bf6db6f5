import type { AcquireVote, ExtendVote, LeaveVote, RaiseFenceVote, ReleaseVote } from './lock-vote.interface';
import type { NodeHold } from './node-hold.interface';
import type { ListRequest, ListedPart } from './node-listing.interface';
import type { NodeStatus, NodeStatusChange } from './node-status.interface';
import type { LeaveRequest, LineEntry, PermitRequest } from './sharing.interface';

export type { NodeHold };
export type {
  NodeStatus,
  NodeStatusChange,
  NodeTrouble,
  ServerFacts,
  ServerProduct,
} from './node-status.interface';
export type {
  AcquireDenial,
  AcquireVote,
  ExtendVote,
  FailedVote,
  LeaveVote,
  RaiseFenceVote,
  ReleaseVote,
} from './lock-vote.interface';
export type { LeaveRequest, LineEntry, LinePlace, NodeMember, PermitRequest } from './sharing.interface';

/**
 * One independent place where locks are kept: a Redis master, a Redis Cluster or Sentinel group counted as one, an
 * in-process node, or a node of your own. The port talks about a single node; `core/redlock.ts` makes a lock out
 * of N of them.
 *
 * The voting verbs answer through a callback instead of a promise: a lock asks every node, and a promise per node
 * and verb is a large part of what an uncontended lock costs. The rules for an implementation:
 * - `vote` may be called at once or later. Only the first call counts. These are failed votes: a verb that throws,
 *   a promise that rejects, and a vote of no known form.
 * - A node keeps no deadlines: the round that asked keeps one. A node that cannot be reached should say so at once
 *   (`failed`), and must not send the request later.
 * - A node applies requests for the same resource in the order in which they were made. In particular, a `release`
 *   never runs before an earlier `acquire` or `extend` with the same owner token.
 * - Every node of a round gets the same request object, so work on it can be shared.
 */
export interface LockNode {
  /** A name that tells the nodes of a fleet apart in votes, events and errors. It never contains a secret. */
  readonly name: string;

  readonly status: NodeStatus;

  /**
   * The node supports readers, permits and the line: the request fields `shared`, `limit`, `slots`, `line` and
   * `turnMs`, and the verb `leave`. A node without this flag never gets such a request.
   */
  readonly sharing?: true;

  /**
   * Puts `ownerToken` at every resource if nothing is in the way at any of them. Else it changes nothing and
   * denies. In the way are: holders whose mode may not stand beside this one (`lock-mode.ts`), a limit that is
   * reached, and, for a request with a `line`, callers that come first in that line.
   */
  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void;

  /**
   * Makes every resource that still has `ownerToken` last for at least `ttlMs` from now, if none belongs to
   * somebody else. It never shortens: a request that arrives late must not take away what the holder counts on.
   *
   * A resource that the node lost is put back for later rounds (unless `putsBack` is false), but the vote of this
   * round is denied. A resource that has the token which the request `replaces` gets `ownerToken` instead, for
   * `ttlMs` from now; this counts as if it had `ownerToken` before.
   */
  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void;

  /**
   * Raises the fencing counter of every resource to `fence` where it is lower, if all of the resources still have
   * `ownerToken`. Else it changes nothing and denies.
   */
  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void;

  /**
   * Removes every resource that has `ownerToken`, and no other. With `keepMs`, it lets them expire after that time
   * instead.
   */
  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void;

  /** Takes a caller out of the lines of some resources. Every node with `sharing` has this verb. */
  leave?(request: LeaveRequest, vote: (vote: LeaveVote) => void): void;

  /** Tells who holds `resource` on this node. Rejects when the node cannot tell. */
  inspect(resource: string): Promise<NodeHold | null>;

  /**
   * Tells how full the node is, or null if its memory has no limit. Rejects when the node cannot tell. A node of
   * your own may leave this method out.
   */
  memory?(): Promise<NodeMemory | null>;

  /**
   * Lists a part of the resources that are held on this node, for tools that show locks. Rejects when the node
   * cannot tell. A node of your own may leave this method out; then nobody can list what it has.
   */
  list?(request: ListRequest): Promise<ListedPart>;

  /**
   * Calls `wake` whenever a resource may have become free on this node, until the subscription is stopped. It also
   * calls `wake` when the node begins to hear of releases only after this call, since a release may have happened
   * before.
   *
   * @param wake gets the owner token that was released, and how many waiters were told of it, where that is known
   * @param inLineAs the id of the waiter's place in the line of `resource`. A node may then call `wake` only when it
   *   may be the turn of that place, and tells so with `callsInTurn`. A node of your own may ignore it
   */
  onReleased(resource: string, wake: ReleaseHandler, inLineAs?: string): ReleaseSubscription;

  /**
   * Calls `listener` whenever `status` changes, and when there is news of a node that stays up. The returned
   * function removes the listener.
   */
  onStatus(listener: (change: NodeStatusChange) => void): () => void;

  /** Closes the connections that the node itself opened. Requests after that are failed votes. */
  close(): Promise<void>;
}

/** The memory that a node uses, and its limit. Of several servers that are one node, this is the fullest. */
export interface NodeMemory {
  readonly usedBytes: number;
  /** From this size on the node refuses to grant. Above 0. */
  readonly limitBytes: number;
}

export type ReleaseHandler = (released?: string, waiting?: number) => void;

/** A waiter's subscription to the releases of one resource. */
export interface ReleaseSubscription {
  /** True while the node would hear of a release. While it is false, a waiter has to ask again after a while. */
  readonly isHeard: boolean;
  /** Set if `wake` is called when it may be the waiter's turn in line, and not after each release. */
  readonly callsInTurn?: true;
  stop(): void;
}

export interface AcquireRequest {
  /** The resources, sorted and without duplicates. */
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** The time for which the node keeps the resources if nobody extends them. */
  readonly ttlMs: number;
  /**
   * A denied vote should tell who is in the way, and for how much longer, even if that costs more. Only waiting
   * callers ask for it. So a free resource that is kept for the line (`turnMs`) is free for this request, as for
   * one with a `line`.
   */
  readonly askHolderTtl: boolean;
  /**
   * The owner token of a lease that ends here, on exactly these resources. A resource with this token counts as
   * free. So one request does what a release and an acquire would do, and nobody can come in between.
   */
  readonly replaces?: string;
  /** Asks for a number that grows with every grant of a resource. Without it, no counter is touched. */
  readonly fence?: FenceRequest;
  /**
   * The part of `resources` that is taken as a reader. The rest is taken exclusively. Readers get no fencing
   * number.
   */
  readonly shared?: readonly string[];
  /**
   * Takes permits of the resource instead of the whole of it. Then there is exactly one resource, and it is not
   * `shared`.
   */
  readonly limit?: PermitRequest;
  /**
   * The caller's place in the line, or a question about the length of the line. The caller passes nobody who comes
   * first.
   */
  readonly line?: LineEntry;
}

/**
 * Asks for a fencing number. A node keeps a counter for each resource that is asked for with a fence; resources
 * may share one counter.
 *
 * A grant sets the counters of its resources to one number. The number is above all of these counters, and not
 * below the proposal. If the number is more than twice `skewMicros` from the proposal, the node keeps none, and
 * the grant does not count.
 */
export interface FenceRequest {
  /**
   * Microseconds since 1970 by the client's clock. All nodes of a round get the same proposal, so that they agree.
   */
  readonly proposal: number;
  /**
   * A proposal may differ by this much from the node's own time. The node replaces a proposal beyond that by the
   * limit.
   */
  readonly skewMicros: number;
  /**
   * The time for which a node remembers a counter that nobody raises. A shared counter stays for the longest time
   * asked for.
   */
  readonly keepMs: number;
}

export interface RaiseFenceRequest {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  readonly fence: number;
  /** The time for which a node remembers the counters. */
  readonly keepMs: number;
  /** The part of `resources` that is held as a reader. These have no number, and the node does not look at them. */
  readonly shared?: readonly string[];
  /** The numbers of the permits that are held of the one resource. */
  readonly slots?: readonly number[];
}

export interface ExtendRequest {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  readonly ttlMs: number;
  /** The owner token of a lease that this lease replaces. */
  readonly replaces?: string | undefined;
  /**
   * With `false`, a resource that the node lost is not put back, and nothing is changed if one is missing. A
   * holder sets it when it does not know if its lease is still valid: somebody else may have held the resource
   * since.
   */
  readonly putsBack?: boolean;
  /**
   * With `true`, the caller only asks if the resources are still held. `ttlMs` is less than the time that the lease
   * has left, so a node that handles the request as any extension changes nothing if it has the lease. A node may
   * also only look, and put nothing back.
   */
  readonly onlyLooks?: boolean;
  /** The part of `resources` that is held as a reader. */
  readonly shared?: readonly string[];
  /**
   * The numbers of all permits that are held of the one resource. The node checks neither the limit nor the line
   * again.
   */
  readonly slots?: readonly number[];
}

export interface ReleaseRequest {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** Keeps the resources for this long instead of removing them, so that nobody gets them before. */
  readonly keepMs?: number;
  /**
   * Tells the waiters of the resources, even when the resources are kept for a while (`keepMs`): that while ends
   * earlier than the holder's ttl, which is all that the waiters know. The clean-up of a failed attempt tells
   * nobody (R7): it would wake the waiters that it collided with, and they would collide again.
   */
  readonly wakeWaiters: boolean;
  /**
   * The longest time for which a resource may still be there. A node that is down now may deliver the release
   * until then.
   */
  readonly ttlMs: number;
  /** The part of `resources` that is held as a reader. Waiters are told when the last reader of a resource ends. */
  readonly shared?: readonly string[];
  /**
   * The permits of the one resource to release. Other permits of the same owner token stay. `all` releases every
   * one.
   */
  readonly slots?: readonly number[] | 'all';
  /**
   * The caller's place in the line, in the clean-up of a failed attempt. If the clean-up removes a grant, the
   * caller gets its place back, which the grant had taken away (R30). Without a ticket, nothing is done.
   */
  readonly line?: LineEntry;
  /**
   * If a resource becomes free while somebody stands in its line, the node keeps it for the callers in the line
   * for this many milliseconds, and denies newcomers (R31).
   */
  readonly turnMs?: number;
}
