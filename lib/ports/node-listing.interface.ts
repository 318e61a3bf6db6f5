import type { NodeHold } from './node-hold.interface';

/** Asks a node for a part of what it has. A part is small, so that nobody waits long for it. See `LockNode.list`. */
export interface ListRequest {
  /**
   * The resources to list, as a glob of Redis: `*` stands for any text, `?` for one character, `[a-z]` for one of
   * those, and `\` makes the next character stand for itself.
   */
  readonly pattern: string;
  /** The `next` of the part before. Undefined asks for the first part. */
  readonly from?: string;
  /** Lists exactly these, at most 500, whatever the pattern is. The answer is one part without a `next`. */
  readonly resources?: readonly string[];
}

/** A part of what a node has. It may contain other keys than locks if the node cannot tell them apart. */
export interface ListedPart {
  readonly holds: readonly ListedHold[];
  /** The value of `from` that asks for the next part. Undefined means that this was the last part. */
  readonly next?: string;
  /**
   * How long an answer takes, and how far the node's clock is ahead of ours. It comes with the first part, if the
   * node can tell.
   */
  readonly pace?: NodePace;
}

/** A resource that a node has. */
export interface ListedHold extends NodeHold {
  readonly resource: string;
  /** The number of processes that wait for it, in its line or not, if the node can tell. */
  readonly waiting?: number;
}

/** Time measurements of a node, in milliseconds. */
export interface NodePace {
  /** The time from asking the node to its answer. */
  readonly roundTripMs: number;
  /**
   * The wall clock of the node is ahead of ours by this much. Negative: it is behind. It is exact to half of the
   * round trip.
   */
  readonly clockAheadMs?: number;
}
