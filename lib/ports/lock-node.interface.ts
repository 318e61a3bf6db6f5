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
 * One independent place where locks are kept: a Redis master, a Redis Cluster or Sentinel group counted as one,
 * an in-process node, or one of your own. The port talks about a single node only; what makes a lock out of N of
 * them is `core/redlock.ts`.
 *
 * The voting verbs answer through a callback instead of a promise: a lock asks every node, and a promise per
 * node and verb is a large part of what an uncontended lock costs. The rules for an implementation:
 * - `vote` may be called at once or later, and counts the first time only; a verb that throws, or returns a promise that
 *   rejects, is a failed vote, and so is a vote of no known form.
 * - A node has no deadline of its own to keep: the round that asked has one. A node that cannot be reached should
 *   say so at once (`failed`) and must not send the request later.
 * - Requests are applied in the order in which they were made. In particular a `release` is never overtaken by an
 *   earlier `acquire` or `extend` with the same owner token.
 * - The same request object is handed to every node of a round, so work on it can be shared.
 */
export interface LockNode {
  /** Tells the nodes of a fleet apart, in votes, events and errors. Never contains a secret. */
  readonly name: string;

  readonly status: NodeStatus;

  /**
   * It knows readers, permits and the line: requests with `shared`, `limit`, `slots`, `line` or `turnMs`, and `leave`. A
   * node without this flag never gets such a request.
   */
  readonly sharing?: true;

  /**
   * Puts `ownerToken` at every resource if nothing is in the way at any of them, else changes nothing. In the way are other
   * holds that may not stand beside this one (`lock-mode.ts`), a limit that is reached, and for a request with a `line`
   * whoever comes first there.
   */
  acquire(request: AcquireRequest, vote: (vote: AcquireVote) => void): void;

  /**
   * Makes every resource that still has `ownerToken` last for `ttlMs` from now at least, if none belongs to somebody
   * else. It never shortens: a request that arrives after a later one must not take away what the holder counts on.
   * A resource that the node lost is put back for later rounds (unless `putsBack` is false), yet denied in this one. Where a resource has the token
   * that the request `replaces`, `ownerToken` takes its place, for `ttlMs` from now, and that counts as having had it.
   */
  extend(request: ExtendRequest, vote: (vote: ExtendVote) => void): void;

  /**
   * Raises the fencing counter of every resource to `fence`, where it is lower, if all of them still have `ownerToken`;
   * else changes nothing and denies.
   */
  raiseFence(request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void;

  /** Removes every resource that has `ownerToken` (or, with `keepMs`, lets it expire then) and no other. */
  release(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void;

  /** Takes a caller out of the lines of some resources. A node with `sharing` has it. */
  leave?(request: LeaveRequest, vote: (vote: LeaveVote) => void): void;

  /** Who holds `resource` on this node. Rejects when the node cannot tell. */
  inspect(resource: string): Promise<NodeHold | null>;

  /**
   * How full the node is; null where its memory has no limit. Rejects when the node cannot tell. A node of your own may
   * leave it out.
   */
  memory?(): Promise<NodeMemory | null>;

  /**
   * A part of the resources that are held here, for those who look at locks. Rejects when the node cannot tell. A node of
   * your own may leave it out: then nobody can list what it has.
   */
  list?(request: ListRequest): Promise<ListedPart>;

  /**
   * Calls `wake` whenever a hold of `resource` may have ended on this node, until the subscription is stopped; and
   * whenever the node begins to hear of it only after this call, since it may have ended before.
   *
   * @param wake gets the owner token that was released, and how many were told of it, where that is known
   */
  onReleased(resource: string, wake: ReleaseHandler): ReleaseSubscription;

  /**
   * Calls `listener` whenever `status` changes, and when there is news of a node that stays up, until the returned
   * function is called.
   */
  onStatus(listener: (change: NodeStatusChange) => void): () => void;

  /** Closes what the node itself opened. Requests after that are failed votes. */
  close(): Promise<void>;
}

/** How much memory a node uses of what it may use. Of several servers that are one node: the fullest. */
export interface NodeMemory {
  readonly usedBytes: number;
  /** The node refuses to grant from this size on. Above 0. */
  readonly limitBytes: number;
}

export type ReleaseHandler = (released?: string, waiting?: number) => void;

/** One waiter's interest in the release of a resource. */
export interface ReleaseSubscription {
  /** Whether the node would hear of a release now. Where it would not, a waiter has to ask again after a while. */
  readonly isHeard: boolean;
  stop(): void;
}

export interface AcquireRequest {
  /** The resources, sorted and without duplicates. */
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** How long the node keeps the resources if nobody extends them. */
  readonly ttlMs: number;
  /**
   * A denied vote should tell who is in the way, and for how much longer, if that costs more. Who asks for it waits, so
   * what a release keeps for those who wait (`turnMs`) is free for this request, as for one with a `line`.
   */
  readonly askHolderTtl: boolean;
  /**
   * The owner token of a hold that ends here, on exactly these resources: what has it counts as free. One request then
   * does what a release and an acquire would do, and nobody can come in between.
   */
  readonly replaces?: string;
  /** Asks for a number that grows with every grant of a resource; without it, no counter is touched. */
  readonly fence?: FenceRequest;
  /** Those of `resources` that are taken beside other readers, the others exclusively; they get no number. */
  readonly shared?: readonly string[];
  /** Takes permits of the resource instead of the whole of it. Then there is exactly one, and it is not `shared`. */
  readonly limit?: PermitRequest;
  /** The caller stands in line, or asks how long the line is. Nobody who comes first there is passed. */
  readonly line?: LineEntry;
}

/**
 * A node keeps a counter for each resource that is asked for with a fence; resources may share one. A grant raises the
 * counters of its resources to one number, above all of them and not below the proposal; or keeps none, where the number
 * is more than twice `skewMicros` from the proposal: then the grant does not count.
 */
export interface FenceRequest {
  /** Microseconds since 1970 by the clock of the client; the same for all nodes of a round, so that they agree. */
  readonly proposal: number;
  /** A proposal that is further than this from the node's own time counts as one that is just as far. */
  readonly skewMicros: number;
  /** How long a node remembers a counter that nobody raises; longer where it is shared and others want that. */
  readonly keepMs: number;
}

export interface RaiseFenceRequest {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  readonly fence: number;
  /** How long a node remembers the counters. */
  readonly keepMs: number;
  /** Those of `resources` that are held as a reader: they have no number, and are not looked at. */
  readonly shared?: readonly string[];
  /** The permits that are held of the one resource. */
  readonly slots?: readonly number[];
}

export interface ExtendRequest {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  readonly ttlMs: number;
  /** The owner token of a hold that goes over into this one. */
  readonly replaces?: string | undefined;
  /**
   * False: a resource that the node lost is not put back, and nothing is changed where one is missing. For a holder that
   * does not know whether the hold is still valid: somebody else may have had it since.
   */
  readonly putsBack?: boolean;
  /** Those of `resources` that are held as a reader. */
  readonly shared?: readonly string[];
  /** The permits that are held of the one resource, all of them. The limit is not looked at again, nor is the line. */
  readonly slots?: readonly number[];
}

export interface ReleaseRequest {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** Instead of removing the resources, keep them for this long: nobody gets them before. */
  readonly keepMs?: number;
  /**
   * Tells those who wait for the resources, also when they are kept for a while: that ends earlier than the holder's
   * ttl, which is what the waiters know. The clean-up of a failed attempt does not (R7): it would wake the very
   * waiters that it collided with, which collide again.
   */
  readonly wakeWaiters: boolean;
  /** The longest time for which a resource may still be there. A node that is down now may clean up until then. */
  readonly ttlMs: number;
  /** Those of `resources` that are held as a reader. Waiters are told when the last one of a resource goes. */
  readonly shared?: readonly string[];
  /** The permits of the one resource that are given back; others of the same owner token stay. `all`: whatever it has. */
  readonly slots?: readonly number[] | 'all';
  /**
   * The clean-up of an attempt that failed: where it removes something, the caller gets its place in the line back. A
   * grant had taken it away (R30). Without a ticket, nothing is done.
   */
  readonly line?: LineEntry;
  /**
   * Where nothing is left at a resource and somebody stands in its line, it is kept for those who wait for so many
   * milliseconds: newcomers are denied (R31).
   */
  readonly turnMs?: number;
}
