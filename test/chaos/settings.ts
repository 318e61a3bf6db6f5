/** One way to break a rule on purpose, to see that the witness notices. */
export type Sabotage =
  /** Each lock is asked of one node alone, another one each time: a quorum of 1 in a fleet of five. */
  | 'quorum'
  /** Nodes that come back empty grant at once. */
  | 'guard'
  /** The table does not look at the fencing token. */
  | 'fencing';

export const SABOTAGES: readonly Sabotage[] = ['quorum', 'guard', 'fencing'];

export const RESOURCES = ['hot:1', 'hot:2', 'hot:3', 'hot:4', 'hot:5'] as const;

/** The resources that have permits. The processes do not agree on how many of them may be held at once. */
export const POOLS = ['pool:1', 'pool:2'] as const;
export const LIMITS = [2, 3, 4] as const;

/** Small, so that nodes which restarted are back within seconds. */
export const MAX_TTL_MS = 2_000;
export const TTLS_MS = [600, 1_000, 1_500] as const;
export const NODE_TIMEOUT_MS = 150;

/** What a client process is started with. */
export interface ClientSettings {
  readonly name: string;
  readonly seed: number;
  readonly workers: number;
  readonly nodes: readonly string[];
  /** The URL of the PostgreSQL with the guarded table. Undefined: there is none. */
  readonly table: string | undefined;
  readonly sabotage: Sabotage | undefined;
  /** The share of holds that last for seconds. */
  readonly longHolds: number;
  /** The share of holds without a fencing token. */
  readonly plainHolds: number;
  /** The share of callers that read, or ask for permits. */
  readonly members: number;
}
