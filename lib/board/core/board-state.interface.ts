/** What the board knows, as it is sent to pages and scripts: without owner tokens, which prove who holds a lock. */
export interface BoardState extends BoardNews {
  /** By name. */
  readonly locks: readonly BoardLock[];
  readonly timeline: readonly BoardEvent[];
}

/** What is new in every look. Moments are in milliseconds since 1970. */
export interface BoardNews {
  readonly at: number;
  readonly tookMs: number;
  readonly quorum: number;
  /** How many nodes more may fail before no lock can be had; negative: so many are missing. */
  readonly mayFail: number;
  readonly nodes: readonly BoardNode[];
  readonly isTruncated: boolean;
  readonly hot: readonly HotKey[];
}

/** What has changed since the look before. */
export interface BoardChange extends BoardNews {
  readonly changed: readonly BoardLock[];
  readonly gone: readonly string[];
  readonly timeline: readonly BoardEvent[];
}

export interface BoardNode {
  readonly node: string;
  readonly state: 'up' | 'connecting' | 'down' | 'guarded' | 'refusing' | 'silent';
  /** Such as `Redis 7.0.15`. */
  readonly server?: string;
  readonly problem?: string;
  /** Until when it is guarded; missing for as long as it is the same server. */
  readonly guardedUntil?: number;
  readonly roundTripMs?: number;
  readonly clockAheadMs?: number;
}

export interface BoardLock {
  readonly resource: string;
  readonly state: 'held' | 'partial' | 'contested' | 'foreign' | 'unknown';
  /** The type of a key of another program, such as `hash`; only when `foreign`. */
  readonly foreignType?: string;
  readonly mode: 'exclusive' | 'shared' | 'limited';
  readonly holders: readonly BoardHolder[];
  /** When the nodes forget it if nobody extends it; null: never. */
  readonly endsAt: number | null;
  /** The longest that it was to last when it was looked at, in milliseconds: the whole of the bar. */
  readonly wholeMs: number;
  readonly nodeCount: number;
  readonly waiting: number | null;
  /** Since when this holder has it: exactly for locks of this process, else since it was first seen. */
  readonly since: number;
  readonly isSinceExact: boolean;
}

export interface BoardHolder {
  /** Tells holders apart, and proves nothing. */
  readonly id: string;
  readonly host?: string;
  readonly pid?: number;
  readonly label?: string;
  readonly slot?: number;
}

/** What a node has of one lock. */
export interface BoardPart {
  readonly node: string;
  readonly holders: readonly (BoardHolder & { readonly endsAt: number | null })[];
}

/** How often a resource was in the way in the last minute, as this process has seen it. */
export interface HotKey {
  readonly resource: string;
  readonly waits: number;
  readonly busy: number;
  readonly lost: number;
  /** Everything of it in each of the last 60 seconds, the oldest first. */
  readonly perSecond: readonly number[];
}

/** What this process did, or learned. */
export interface BoardEvent {
  readonly id: number;
  readonly at: number;
  readonly type: string;
  /** Of very many only the first. */
  readonly resources: readonly string[];
  readonly resourceCount: number;
  readonly node?: string;
  readonly label?: string;
  /** What else there is to tell, in words. */
  readonly detail?: string;
}
