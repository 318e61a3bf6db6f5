/**
 * Readers, permits and the line, as one node has them.
 *
 * At a resource there is either one exclusive owner token, or any number of members: a reader is there once, a permit
 * holder once per permit. Each member ends by the node's own clock.
 */

/** Permits of one resource: each of them is one of `limit` numbered slots, and a slot has one holder on a node. */
export interface PermitRequest {
  /** So many permits may be held at once, by everybody together, from 1 to 1,000. */
  readonly limit: number;
  /** How many of them are asked for, from 1 to `limit`: all or nothing. */
  readonly permits: number;
  /** A slot from 0 to `limit - 1`, the same for all nodes of a round: the first free ones from there on are granted. */
  readonly start: number;
  /** Just these slots, as many as `permits`, each once; then the line is not looked at: the node that chose them did. */
  readonly exact?: readonly number[];
  /** With `exact`: first gives back what the owner token has here. Where it is denied, that is gone all the same. */
  readonly swap?: boolean;
}

/**
 * Somebody who waits for resources.
 *
 * How it waits follows from the request: for permits if there are any, else as `shared` says of each resource.
 */
export interface LinePlace {
  /** Tells those in one line apart. Never an owner token; without spaces. */
  readonly id: string;
  /** How many permits it waits for, as many as the `limit` of a request asks for; missing where it waits for none. */
  readonly permits?: number;
  /** With `permits`: how many may be held, as the waiter has it. Missing: as whoever looks at it has it. */
  readonly limit?: number;
}

/** The place of a caller in the line of each of its resources. */
export interface LineEntry extends LinePlace {
  /**
   * Who has the lower ticket comes first; of equal tickets, the lower id. Microseconds since 1970 by the clock of the
   * leading node. Without one the caller is behind all, and is not entered.
   */
  readonly ticket?: number;
  /** A denied caller is kept in line for so many milliseconds; its next attempt keeps it there for as long again. */
  readonly entryMs: number;
}

export interface LeaveRequest {
  /** Without duplicates, sorted. */
  readonly resources: readonly string[];
  /** Those of `resources` that it waited for as a reader. */
  readonly shared?: readonly string[];
  readonly line: LinePlace;
  /** Tells those who wait for the resources, where it stood in line: they may have been behind it. */
  readonly wakeWaiters: boolean;
  /** What they are told, in place of the owner token of a hold that has ended; not the one of an earlier message. */
  readonly ownerToken: string;
}

/** A reader of a resource, or the holder of one of its permits, as one node has it. */
export interface NodeMember {
  readonly ownerToken: string;
  readonly ttlMs: number;
  /** The number of its permit; missing for a reader. */
  readonly slot?: number;
}
