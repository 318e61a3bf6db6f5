/**
 * Readers, permits and the line, as one node has them.
 *
 * A resource has either one exclusive owner token, or any number of members. A reader is one member, and a permit
 * holder is one member per permit. Each member ends by the node's own clock.
 */

/**
 * Asks for permits of one resource. Each permit is one of `limit` numbered slots, and a slot has one holder on a
 * node.
 */
export interface PermitRequest {
  /** The number of permits that all callers together may hold at once, from 1 to 1,000. */
  readonly limit: number;
  /** The number of permits to take, from 1 to `limit`. The request gets all of them or nothing. */
  readonly permits: number;
  /**
   * A slot from 0 to `limit - 1`, the same for all nodes of a round. The node grants the first free slots from
   * there on.
   */
  readonly start: number;
  /**
   * Exactly these slots, as many as `permits`, each once. The line is not checked, since the node that chose them
   * did that.
   */
  readonly exact?: readonly number[];
  /**
   * With `exact`: the permits of the owner token on this node are released first. They are gone even if the
   * request is denied.
   */
  readonly swap?: boolean;
}

/**
 * Somebody who waits for resources.
 *
 * The mode follows from the request: permits if it asks for any, else what `shared` says of each resource.
 */
export interface LinePlace {
  /** Tells the callers in one line apart. It is never an owner token, and has no spaces. */
  readonly id: string;
  /**
   * The number of permits to wait for, as many as the `limit` of a request asks for. Missing if it waits for none.
   */
  readonly permits?: number;
  /**
   * With `permits`: the number of permits that may be held, as the waiter knows it. If it is missing, the reader's
   * own limit counts.
   */
  readonly limit?: number;
}

/** The place of a caller in the line of each of its resources. */
export interface LineEntry extends LinePlace {
  /**
   * The lower ticket comes first; of equal tickets, the lower id. A ticket is in microseconds since 1970 by the
   * clock of the leading node. A caller without a ticket is behind all others, and is not entered in the line;
   * several of them may have the same id.
   */
  readonly ticket?: number;
  /** A denied caller is kept in the line for this many milliseconds. Its next attempt keeps it for as long again. */
  readonly entryMs: number;
}

export interface LeaveRequest {
  /** The resources, sorted and without duplicates. */
  readonly resources: readonly string[];
  /** The part of `resources` that the caller waited for as a reader. */
  readonly shared?: readonly string[];
  readonly line: LinePlace;
  /** Tells the waiters of the resources in whose line the caller stood, since they may have been behind it. */
  readonly wakeWaiters: boolean;
  /**
   * The text that the waiters are told, in place of the owner token of a lease that has ended. It differs in each
   * message.
   */
  readonly ownerToken: string;
}

/** A reader of a resource, or the holder of one of its permits, as one node has it. */
export interface NodeMember {
  readonly ownerToken: string;
  readonly ttlMs: number;
  /** The number of the permit. Missing for a reader. */
  readonly slot?: number;
}
