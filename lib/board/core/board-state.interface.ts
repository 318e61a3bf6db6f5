/**
 * The state of the board, as pages and scripts get it. It contains no owner tokens, with which locks can be
 * released.
 */
export interface BoardState extends BoardNews {
  /** The locks, sorted by name. */
  readonly locks: readonly BoardLock[];
  readonly timeline: readonly BoardEvent[];
}

/** The parts that are new in every look. Times are in milliseconds since 1970. */
export interface BoardNews {
  readonly at: number;
  readonly tookMs: number;
  readonly quorum: number;
  /** The number of nodes that may still fail while locks can be acquired. Negative: this many nodes are missing. */
  readonly mayFail: number;
  readonly nodes: readonly BoardNode[];
  readonly isTruncated: boolean;
  readonly hot: readonly HotKey[];
}

/** The changes since the look before. */
export interface BoardChange extends BoardNews {
  readonly changed: readonly BoardLock[];
  readonly gone: readonly string[];
  readonly timeline: readonly BoardEvent[];
}

export interface BoardNode {
  readonly node: string;
  readonly state: 'up' | 'connecting' | 'down' | 'guarded' | 'refusing' | 'silent';
  /** The product, such as `Redis 7.0.15`. */
  readonly server?: string;
  readonly problem?: string;
  /** The end of the guard. Missing if it lasts until the server changes. */
  readonly guardedUntil?: number;
  readonly roundTripMs?: number;
  readonly clockAheadMs?: number;
}

export interface BoardLock {
  readonly resource: string;
  readonly state: 'held' | 'partial' | 'contested' | 'foreign' | 'unknown';
  /** The type of a key of another program, such as `hash`; only if `foreign`. */
  readonly foreignType?: string;
  readonly mode: 'exclusive' | 'shared' | 'limited';
  readonly holders: readonly BoardHolder[];
  /** The time at which the nodes forget it if nobody extends it; null: never. */
  readonly endsAt: number | null;
  /** The longest rest of its ttl that a look has seen, in milliseconds. It is the full length of the bar. */
  readonly wholeMs: number;
  readonly nodeCount: number;
  readonly waiting: number | null;
  /**
   * The time since which this holder has it. It is exact for locks of this process, else the time when it was
   * first seen.
   */
  readonly since: number;
  readonly isSinceExact: boolean;
}

export interface BoardHolder {
  /** An id that tells holders apart. It gives no rights. */
  readonly id: string;
  readonly host?: string;
  readonly pid?: number;
  readonly label?: string;
  readonly slot?: number;
}

/** The part of one node in a lock. */
export interface BoardPart {
  readonly node: string;
  readonly holders: readonly (BoardHolder & { readonly endsAt: number | null })[];
}

/** A resource with contention in the last minute, as this process has seen it. */
export interface HotKey {
  readonly resource: string;
  readonly waits: number;
  readonly busy: number;
  readonly lost: number;
  /** The contention in each of the last 60 seconds, the oldest first. */
  readonly perSecond: readonly number[];
}

/** An event in this process. */
export interface BoardEvent {
  readonly id: number;
  readonly at: number;
  readonly type: string;
  /** The resources. Only the first ones if there are very many. */
  readonly resources: readonly string[];
  readonly resourceCount: number;
  readonly node?: string;
  readonly label?: string;
  /** More about the event, in words. */
  readonly detail?: string;
}
