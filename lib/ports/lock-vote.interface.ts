export interface FailedVote {
  readonly kind: 'failed';
  /** Free of secrets: it is shown to users and written to logs. */
  readonly error: Error;
}

export type AcquireVote =
  /**
   * `replaced`: every resource had the owner token that the request replaces. `fence`: the highest of its counters,
   * with a fence; `isFenceUneven`: some of them are lower, since they are kept by different servers. `slots`: the permits,
   * for a request with a `limit`. `inLine`: how many others stand in the longest line, for a request with a `line`.
   */
  | {
      readonly kind: 'granted';
      readonly replaced?: boolean;
      readonly fence?: number;
      readonly isFenceUneven?: boolean;
      readonly slots?: readonly number[];
      readonly inLine?: number;
    }
  | AcquireDenial
  | FailedVote;

/** Something is in the way. A node tells what it knows without more work; what it does not tell is missing. */
export interface AcquireDenial {
  readonly kind: 'denied';
  /** For how many milliseconds the holds in the way are kept at least, if nobody extends them. Infinity: for ever. */
  readonly holderTtlMs?: number;
  /** The owner token of the hold in the way that is kept longest. Missing for readers and permits, which are many. */
  readonly holder?: string;
  /**
   * What is in the way at some resource, the first of these:
   * - `shared`: readers or permit holders, of an exclusive request
   * - `held`: an exclusive hold, or what is none of this library
   * - `limit`: too few permits are free
   * - `line`: others come first
   */
  readonly by?: 'shared' | 'held' | 'limit' | 'line';
  /** How many releases the caller should let pass, since those before it in the line come first. */
  readonly ahead?: number;
  /** The node's time at the denial, in microseconds since 1970: what a ticket is made of (R29). */
  readonly nodeMicros?: number;
  /**
   * In how many milliseconds the caller may be granted, where no hold decides that: enough permits have ended by then
   * (`limit`), or the entry in the way has (`line`).
   */
  readonly freeInMs?: number;
}

export type ExtendVote =
  { readonly kind: 'granted' } | { readonly kind: 'denied'; readonly healed: boolean } | FailedVote;

/** Granted: the counters are as high as asked for, or higher. Denied: some resource is not the holder's any more. */
export type RaiseFenceVote = { readonly kind: 'granted' } | { readonly kind: 'denied' } | FailedVote;

/** Denied: at least one resource did not have the owner token any more. */
export type ReleaseVote =
  /** `waiting`: how many processes, at least, were told of the release and wait; missing when none or not known. */
  { readonly kind: 'granted'; readonly waiting?: number } | { readonly kind: 'denied' } | FailedVote;

/** Granted: it stood in some of the lines. Denied: in none of them. */
export type LeaveVote = { readonly kind: 'granted' } | { readonly kind: 'denied' } | FailedVote;
