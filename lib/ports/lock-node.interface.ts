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

  /** Puts `ownerToken` at every resource if all of them are free, else changes nothing. */
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

  /** Who holds `resource` on this node. Rejects when the node cannot tell. */
  inspect(resource: string): Promise<NodeHold | null>;

  /**
   * How full the node is; null where its memory has no limit. Rejects when the node cannot tell. A node of your own may
   * leave it out.
   */
  memory?(): Promise<NodeMemory | null>;

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

  /** Lets go of what the node itself opened. Requests after that are failed votes. */
  close(): Promise<void>;
}

/** How much memory a node uses of what it may use. Of several servers that are one node: the fullest. */
export interface NodeMemory {
  readonly usedBytes: number;
  /** At this it refuses to grant. Above 0. */
  readonly limitBytes: number;
}

export type ReleaseHandler = (released?: string, waiting?: number) => void;

/** One waiter's interest in the release of a resource. */
export interface ReleaseSubscription {
  /** Whether the node would hear of a release now. Where it would not, a waiter has to ask again after a while. */
  readonly isHeard: boolean;
  stop(): void;
}

/** `up`: votes. `connecting` and `down`: not reachable now, it tries again by itself. `closed`: for good. */
export type NodeStatus = 'connecting' | 'up' | 'down' | 'closed';

export interface NodeStatusChange {
  readonly status: NodeStatus;
  /** Why the node went down, when it is known. */
  readonly error?: Error;
  /** With `up`, from a node that can tell: the server that answers now; in a group all that may. */
  readonly servers?: readonly ServerFacts[];
  /** With `up`: what the node granted may be forgotten, though it is not seen from `servers`. */
  readonly hasForgotten?: boolean;
  /** With `up`: the clock of the node ran ahead of time by so much, so keys may have expired too early. */
  readonly clockAheadMs?: number;
  /** What is wrong with a node that votes all the same. */
  readonly warning?: NodeTrouble;
}

/**
 * - `unknown-server`: nobody can tell whether it was restarted and forgot its locks
 * - `deaf`: nothing is heard of releases on it, so waiters have to ask again and again
 */
export interface NodeTrouble {
  readonly kind: 'unknown-server' | 'deaf';
  /** What is so, beginning with a verb, and what to do. Free of secrets. */
  readonly message: string;
}

/** What a server says of itself. */
export interface ServerFacts {
  /** Another one after every start. */
  readonly runId: string;
  /** For how long it runs, at the moment of the news. */
  readonly uptimeMs: number;
  /** The policy by which it removes keys when its memory is full, if it has a limit and removes any. */
  readonly evicts?: string;
  /** Whether it logs its changes to disk (`appendonly`), be it at once or later: `appendfsync` it does not say. */
  readonly persists?: boolean;
  /** It is a server of a Redis Cluster, and the node asks it alone: it takes no lock whose slot is at another server. */
  readonly isOneOfCluster?: boolean;
  /** It joined the others, and took nobody's place: that it is new means nothing for what was granted before. */
  readonly isAdditional?: boolean;
  readonly product?: ServerProduct;
}

/** What a server is, by its own name and version; `redis_version` of others tells only what they are compatible with. */
export interface ServerProduct {
  /** `Redis`, `Valkey`, `Redict`, or what another one calls itself. */
  readonly name: string;
  /** Such as `9.1.2`. */
  readonly version?: string;
  /** `standalone`, `cluster` or `sentinel`. */
  readonly mode?: string;
}

export interface AcquireRequest {
  /** Without duplicates, sorted. */
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** How long the node keeps the resources if nobody extends them. */
  readonly ttlMs: number;
  /** A denied vote should tell who is in the way, and for how much longer, if that costs more. */
  readonly askHolderTtl: boolean;
  /**
   * The owner token of a hold that ends here, on exactly these resources: what has it counts as free. One request then
   * does what a release and an acquire would do, and nobody can come in between.
   */
  readonly replaces?: string;
  /** Asks for a number that grows with every grant of a resource; without it, no counter is touched. */
  readonly fence?: FenceRequest;
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
  /** For how long a resource may still be there at most; a node that is down now may clean up until then. */
  readonly ttlMs: number;
}

export interface FailedVote {
  readonly kind: 'failed';
  /** Free of secrets: it is shown to users and written to logs. */
  readonly error: Error;
}

export type AcquireVote =
  /**
   * `replaced`: every resource had the owner token that the request replaces. `fence`: the highest of its counters,
   * with a fence; `isFenceUneven`: some of them are lower, since they are kept by different servers.
   */
  | {
      readonly kind: 'granted';
      readonly replaced?: boolean;
      readonly fence?: number;
      readonly isFenceUneven?: boolean;
    }
  /**
   * `holderTtlMs`: for how much longer the resources in the way are kept, and `holder`: the owner token at the one that
   * is kept longest, if the node told.
   */
  | { readonly kind: 'denied'; readonly holderTtlMs?: number; readonly holder?: string }
  | FailedVote;

export type ExtendVote =
  { readonly kind: 'granted' } | { readonly kind: 'denied'; readonly healed: boolean } | FailedVote;

/** Granted: the counters are as high as asked for, or higher. Denied: some resource is not the holder's any more. */
export type RaiseFenceVote = { readonly kind: 'granted' } | { readonly kind: 'denied' } | FailedVote;

/** Denied: at least one resource did not have the owner token any more. */
export type ReleaseVote =
  /** `waiting`: how many processes, at least, were told of the release and wait; missing when none or not known. */
  { readonly kind: 'granted'; readonly waiting?: number } | { readonly kind: 'denied' } | FailedVote;

/** A resource as one node has it. */
export interface NodeHold {
  readonly ownerToken: string;
  /** Until the node forgets it; Infinity for a key without an expiry, which no lock of this library leaves. */
  readonly ttlMs: number;
}
