import type { LockHolder } from '../../errors/lock-holder.interface';
import type { NodePace } from '../../ports/node-listing.interface';
import type { NodeInspection } from './lock-inspection.interface';

/** Options of {@link LockService.list}. */
export interface ListOptions {
  /**
   * The resources to list, as a glob of Redis: `*` stands for any text, `?` for one character, `[a-z]` for one of
   * those, and `\` makes the next character stand for itself. `order:*` finds all names that begin with `order:`.
   *
   * @default '*'
   */
  pattern?: string | undefined;

  /**
   * The most locks to list, 1 to 10,000. If more were found, the first ones by name are listed.
   *
   * @default 1_000
   */
  limit?: number | undefined;
}

/** The locks of all nodes at about one moment. They may have changed by the time you read this. */
export interface LockListing {
  /** The locks, sorted by name. */
  readonly locks: readonly ListedLock[];
  /** True if there are more than `limit`, or if a node has so many keys that not all were looked at. */
  readonly isTruncated: boolean;
  readonly nodes: readonly NodeLook[];
}

/** A lock as all nodes together have it. */
export interface ListedLock {
  readonly resource: string;
  /**
   * - `held`: a majority has the same owner
   * - `partial`: one owner on fewer nodes; it is being acquired or released, or is the rest of a lock
   * - `contested`: several owners, none of them on a majority
   * - `foreign`: no lock, but a key of another program, of a type that no lock has; it is in the way if a majority
   *   has it
   * - `unknown`: one owner, which could be on a majority together with the nodes that did not answer
   */
  readonly state: 'held' | 'partial' | 'contested' | 'foreign' | 'unknown';
  /** `shared` for readers, `limited` for permits. Undefined for one exclusive holder. */
  readonly mode?: 'shared' | 'limited';
  /** The exclusive owner on most nodes. Undefined if contested or foreign, and with `mode`. */
  readonly holder?: LockHolder;
  /** The type of the key of another program, such as `hash`. Undefined unless `foreign`. */
  readonly foreignType?: string;
  /** With `mode`: the readers or permit holders on a majority, or those on any node if a majority has none. */
  readonly holders?: readonly ListedHolder[];
  /**
   * The time in milliseconds for which a majority keeps it; if partial or unknown, any node. If foreign, a
   * majority or any node. Infinity without an expiry. Undefined if contested.
   */
  readonly ttlMs?: number;
  /** The number of nodes with that owner; if contested, with any owner; if foreign, with the key. */
  readonly nodeCount: number;
  /** The number of processes that wait for it, as far as nodes can tell. */
  readonly waiting?: number;
  readonly owners: readonly NodeOwner[];
}

/** A reader, or the holder of one permit. */
export interface ListedHolder extends LockHolder {
  readonly ttlMs: number;
  /** The number of nodes that have it. */
  readonly nodeCount: number;
  /** The number of the permit. */
  readonly slot?: number;
}

/** The owner of a resource on one node. */
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
  /** The time that it takes to answer, and the difference of its clock from ours. Undefined if it cannot tell. */
  readonly pace?: NodePace;
  /** The reason why nobody can tell what it has. */
  readonly error?: Error;
}
