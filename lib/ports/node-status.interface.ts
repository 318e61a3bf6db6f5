/**
 * `up`: the node votes. `connecting` and `down`: it cannot be reached now, and tries again by itself. `closed`: it
 * is closed for good.
 */
export type NodeStatus = 'connecting' | 'up' | 'down' | 'closed';

export interface NodeStatusChange {
  readonly status: NodeStatus;
  /** Why the node went down, when it is known. */
  readonly error?: Error;
  /**
   * With `up`, the server that answers now, if the node can tell. In a group, these are all servers that may
   * answer.
   */
  readonly servers?: readonly ServerFacts[];
  /** With `up`: the node may have forgotten what it granted, although `servers` does not show it. */
  readonly hasForgotten?: boolean;
  /** With `up`: the clock of the node was ahead by this much, so keys may have expired too early. */
  readonly clockAheadMs?: number;
  /** A problem of a node that votes all the same. */
  readonly warning?: NodeTrouble;
}

/**
 * - `unknown-server`: nobody can tell if the server was restarted and forgot its locks
 * - `deaf`: this process hears of no releases on the node, so waiters have to ask again and again
 */
export interface NodeTrouble {
  readonly kind: 'unknown-server' | 'deaf';
  /** The problem, as words that follow the node's name, and then what to do. It contains no secrets. */
  readonly message: string;
}

/** What a server tells about itself. */
export interface ServerFacts {
  /** An id of the run of the server. It is another one after every start. */
  readonly runId: string;
  /** The time for which the server has run, at the moment of the news. */
  readonly uptimeMs: number;
  /**
   * The policy by which the server removes keys when its memory is full. Missing if it has no limit or removes
   * none.
   */
  readonly evicts?: string;
  /**
   * True if the server logs its changes to disk (`appendonly`). It does not tell if it does so at once
   * (`appendfsync`).
   */
  readonly persists?: boolean;
  /**
   * The server belongs to a Redis Cluster, and the node asks it alone. It takes no lock whose slot is at another
   * server.
   */
  readonly isOneOfCluster?: boolean;
  /**
   * The server joined the others and replaced none of them. So what was granted before is not affected by a new
   * server.
   */
  readonly isAdditional?: boolean;
  readonly product?: ServerProduct;
}

/**
 * The name and version that a server gives itself. The `redis_version` of other products tells only what they are
 * compatible with.
 */
export interface ServerProduct {
  /** `Redis`, `Valkey`, `Redict`, or the name that another product gives itself. */
  readonly name: string;
  /** The version, such as `9.1.2`. */
  readonly version?: string;
  /** The mode: `standalone`, `cluster` or `sentinel`. */
  readonly mode?: string;
}
