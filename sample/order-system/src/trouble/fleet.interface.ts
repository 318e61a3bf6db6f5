/** The processes of the shop, and the lock nodes that can be killed. */
export interface Fleet {
  /** The addresses of the processes of the shop, this one included. */
  readonly apps: readonly string[];
  /** The lock nodes. None if they belong to somebody else, or are in memory. */
  readonly nodes: readonly FleetNode[];
}

export interface FleetNode {
  readonly number: number;
  readonly url: string;
  readonly isRunning: boolean;
}
