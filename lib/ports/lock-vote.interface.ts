export interface FailedVote {
  readonly kind: 'failed';
  /** The reason. It contains no secrets, since users see it and logs keep it. */
  readonly error: Error;
}

export type AcquireVote =
  /**
   * - `replaced`: every resource had the owner token that the request replaces
   * - `fence`: the highest counter of the resources, for a request with a `fence`
   * - `isFenceUneven`: some of the counters are lower, since different servers keep them
   * - `slots`: the numbers of the permits, for a request with a `limit`
   * - `inLine`: how many others stand in the longest line, for a request with a `line`
   * - `nodeMicros`: the node's time in microseconds since 1970, for a request with a `line`. A caller that got too few
   *   votes takes its ticket from that of the leading node, as from a denial (R29)
   */
  | {
      readonly kind: 'granted';
      readonly replaced?: boolean;
      readonly fence?: number;
      readonly isFenceUneven?: boolean;
      readonly slots?: readonly number[];
      readonly inLine?: number;
      readonly nodeMicros?: number;
    }
  | AcquireDenial
  | FailedVote;

/**
 * A vote of a node at which something is in the way. A node tells what it knows without more work. A missing field
 * means that the node did not tell.
 */
export interface AcquireDenial {
  readonly kind: 'denied';
  /**
   * The holders in the way are kept for at least this many milliseconds if nobody extends them. Infinity means for
   * ever.
   */
  readonly holderTtlMs?: number;
  /**
   * The owner token of the holder in the way that is kept longest. Missing for readers and permits, which are
   * many.
   */
  readonly holder?: string;
  /**
   * The first thing that is in the way at some resource, in this order:
   * - `shared`: an exclusive request meets readers or permit holders
   * - `held`: there is an exclusive holder, or a key of another program
   * - `limit`: too few permits are free
   * - `line`: other callers come first
   */
  readonly by?: 'shared' | 'held' | 'limit' | 'line';
  /** The number of releases that the caller should let pass, since others come before it in the line. */
  readonly ahead?: number;
  /** The node's time at the denial, in microseconds since 1970. A waiter takes its ticket from it (R29). */
  readonly nodeMicros?: number;
  /**
   * The caller may be granted after this many milliseconds, where no holder decides that. By then enough permits
   * have ended (`limit`), or the entry in the way has ended (`line`).
   */
  readonly freeInMs?: number;
}

export type ExtendVote =
  { readonly kind: 'granted' } | { readonly kind: 'denied'; readonly healed: boolean } | FailedVote;

/** Granted: the counters are at least as high as asked for. Denied: some resource is not the holder's any more. */
export type RaiseFenceVote = { readonly kind: 'granted' } | { readonly kind: 'denied' } | FailedVote;

/** Denied: at least one resource did not have the owner token any more. */
export type ReleaseVote =
  /**
   * `waiting`: at least this many processes wait and were told of the release. Missing if there are none, or if
   * that is unknown. `mayBeMore`: others may wait who were told and not counted, as at other servers of a cluster.
   */
  | { readonly kind: 'granted'; readonly waiting?: number; readonly mayBeMore?: boolean }
  | { readonly kind: 'denied' }
  | FailedVote;

/** Granted: the caller stood in some of the lines. Denied: it stood in none of them. */
export type LeaveVote = { readonly kind: 'granted' } | { readonly kind: 'denied' } | FailedVote;
