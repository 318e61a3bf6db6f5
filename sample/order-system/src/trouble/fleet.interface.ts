/** What runs: the processes of the shop, and the lock nodes that can be killed. */
export interface Fleet {
  /** Where the processes of the shop answer, this one among them. */
  readonly apps: readonly string[];
  /** None where they are somebody else's, or in memory. */
  readonly nodes: readonly FleetNode[];
}

export interface FleetNode {
  readonly number: number;
  readonly url: string;
  readonly isRunning: boolean;
}
