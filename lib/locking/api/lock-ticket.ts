/**
 * A lock on its way to another process, as plain JSON for a job or a message. Whoever has the ticket can go on
 * with the lock, so send it only where the work goes.
 */
export interface LockTicket {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** The fencing token of the lock, if it has one. */
  readonly fencingToken?: number;
  /** The part of the resources that is held as a reader, if there is one. */
  readonly shared?: readonly string[];
  /** The numbers of the permits that are held, and the limit, for a lock with a `limit`. */
  readonly slots?: readonly number[];
  readonly limit?: number;
  /**
   * The time in milliseconds for which the nodes keep the lock after `detach()`. It has to be resumed within that
   * time.
   */
  readonly ttl: number;
}
