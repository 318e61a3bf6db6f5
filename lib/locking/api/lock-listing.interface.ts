import type { LockHolder } from '../../errors/lock-holder.interface';
import type { NodePace } from '../../ports/node-listing.interface';
import type { NodeInspection } from './lock-inspection.interface';

/** Options of {@link LockService.list}. */
export interface ListOptions {
  /**
   * Which resources: a glob as of Redis, where `*` stands for any text, `?` for one character, `[a-z]` for one of those,
   * and `\` makes the next character stand for itself. `order:*` has all whose name begins with `order:`.
   *
   * @default '*'
   */
  pattern?: string;

  /**
   * How many locks at most, 1 to 10,000. The first by name, of those that were found.
   *
   * @default 1_000
   */
  limit?: number;
}

/** The locks of all nodes at about one moment. They may have changed by the time you read it. */
export interface LockListing {
  /** By name. */
  readonly locks: readonly ListedLock[];
  /** There are more than `limit`, or a node has so many keys that not all were looked at. */
  readonly isTruncated: boolean;
  readonly nodes: readonly NodeLook[];
}

/** A lock as all nodes together have it. */
export interface ListedLock {
  readonly resource: string;
  /**
   * - `held`: a majority has the same owner
   * - `partial`: one owner, on fewer nodes: on its way in or out, or what was left of it
   * - `contested`: several owners, none of them on a majority
   * - `foreign`: no lock, but a key of another program, of a type that no lock has: in the way where a majority has it
   * - `unknown`: one owner, and with the nodes that did not answer it could be a majority
   */
  readonly state: 'held' | 'partial' | 'contested' | 'foreign' | 'unknown';
  /** Undefined for one exclusive holder: `shared` for readers, `limited` for permits. */
  readonly mode?: 'shared' | 'limited';
  /** The exclusive owner with most nodes; undefined when contested or foreign, and with `mode`. */
  readonly holder?: LockHolder;
  /** The type of the key of another program, such as `hash`. Undefined unless `foreign`. */
  readonly foreignType?: string;
  /** With `mode`: the readers or permit holders that a majority has; those that any node has, where there are none. */
  readonly holders?: readonly ListedHolder[];
  /**
   * For how many milliseconds a majority keeps it, or when partial or unknown, any node; Infinity without an expiry.
   * Undefined when contested; when foreign, what a majority keeps it for, or any node.
   */
  readonly ttlMs?: number;
  /** On how many nodes that owner is; when contested, any owner; when foreign, the key. */
  readonly nodeCount: number;
  /** How many processes wait for it, as far as nodes can tell. */
  readonly waiting?: number;
  readonly owners: readonly NodeOwner[];
}

/** A reader, or the holder of one permit. */
export interface ListedHolder extends LockHolder {
  readonly ttlMs: number;
  /** On how many nodes it is. */
  readonly nodeCount: number;
  /** The number of the permit. */
  readonly slot?: number;
}

/** Who has a resource on one node. */
export interface NodeOwner {
  readonly node: string;
  readonly ownerToken: string;
  readonly ttlMs: number;
}

/** One node's part of a {@link LockListing}. */
export interface NodeLook extends Pick<
  NodeInspection,
  'node' | 'status' | 'servers' | 'guarded' | 'refusal'
> {
  /** How long it takes to answer, and how far its clock is from ours; undefined where it cannot tell. */
  readonly pace?: NodePace;
  /** Why nobody can tell what it has. */
  readonly error?: Error;
}
