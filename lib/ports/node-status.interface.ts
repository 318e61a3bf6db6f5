/** `up`: votes. `connecting` and `down`: not reachable now, it tries again by itself. `closed`: for good. */
export type NodeStatus = 'connecting' | 'up' | 'down' | 'closed';

export interface NodeStatusChange {
  readonly status: NodeStatus;
  /** Why the node went down, when it is known. */
  readonly error?: Error;
  /** With `up`, from a node that can tell: the server that answers now; in a group all that may. */
  readonly servers?: readonly ServerFacts[];
  /** With `up`: what the node granted may be forgotten, though it is not seen from `servers`. */
  readonly hasForgotten?: boolean;
  /** With `up`: the clock of the node ran ahead of time by so much, so keys may have expired too early. */
  readonly clockAheadMs?: number;
  /** What is wrong with a node that votes all the same. */
  readonly warning?: NodeTrouble;
}

/**
 * - `unknown-server`: nobody can tell whether it was restarted and forgot its locks
 * - `deaf`: nothing is heard of releases on it, so waiters have to ask again and again
 */
export interface NodeTrouble {
  readonly kind: 'unknown-server' | 'deaf';
  /** What is so, beginning with a verb, and what to do. Free of secrets. */
  readonly message: string;
}

/** What a server says of itself. */
export interface ServerFacts {
  /** Another one after every start. */
  readonly runId: string;
  /** How long the server has run, at the moment of the news. */
  readonly uptimeMs: number;
  /** The policy by which it removes keys when its memory is full, if it has a limit and removes any. */
  readonly evicts?: string;
  /** Whether it logs its changes to disk (`appendonly`), be it at once or later: `appendfsync` it does not say. */
  readonly persists?: boolean;
  /** It is a server of a Redis Cluster, and the node asks it alone: it takes no lock whose slot is at another server. */
  readonly isOneOfCluster?: boolean;
  /** It joined the others, and took nobody's place: that it is new means nothing for what was granted before. */
  readonly isAdditional?: boolean;
  readonly product?: ServerProduct;
}

/** What a server is, by its own name and version; `redis_version` of others tells only what they are compatible with. */
export interface ServerProduct {
  /** `Redis`, `Valkey`, `Redict`, or what another one calls itself. */
  readonly name: string;
  /** Such as `9.1.2`. */
  readonly version?: string;
  /** `standalone`, `cluster` or `sentinel`. */
  readonly mode?: string;
}
