import type { NodeHold } from './node-hold.interface';

/** Asks a node for a part of what it has, so that nobody waits long for it. See `LockNode.list`. */
export interface ListRequest {
  /**
   * Which resources: a glob as of Redis, where `*` stands for any text, `?` for one character, `[a-z]` for one of those,
   * and `\` makes the next character stand for itself.
   */
  readonly pattern: string;
  /** The `next` of the part before; undefined: the first part. */
  readonly from?: string;
  /** Just these, 500 at most, whatever the pattern is: one part without a `next`. */
  readonly resources?: readonly string[];
}

/** A part of what a node has. Anything but a lock may be in it too, as far as the node cannot tell. */
export interface ListedPart {
  readonly holds: readonly ListedHold[];
  /** Asks for the part after this one; undefined: it was the last. */
  readonly next?: string;
  /** With the first part, of a node that can tell: how long an answer takes, and how far its clock is ahead of ours. */
  readonly pace?: NodePace;
}

/** A resource that a node has. */
export interface ListedHold extends NodeHold {
  readonly resource: string;
  /** How many processes wait for it, in its line or not, where the node can tell. */
  readonly waiting?: number;
}

/** How a node keeps time, in milliseconds. */
export interface NodePace {
  /** From asking it to its answer. */
  readonly roundTripMs: number;
  /** How far the wall clock of the node is ahead of ours; negative: behind. As exact as half of the round trip. */
  readonly clockAheadMs?: number;
}
