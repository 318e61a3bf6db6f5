/**
 * A lock on its way to another process: plain JSON, to be put into a job or a message. Whoever has it can go on with the
 * lock, so send it only where the work goes.
 */
export interface LockTicket {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** That of the lock, if it has one. */
  readonly fencingToken?: number;
  /** Those of the resources that are held as a reader, if any are. */
  readonly shared?: readonly string[];
  /** The permits that are held, and how many of them there may be, of a lock with a `limit`. */
  readonly slots?: readonly number[];
  readonly limit?: number;
  /** How long the nodes keep the lock from `detach()` on, in milliseconds; it has to be resumed within that time. */
  readonly ttl: number;
}
