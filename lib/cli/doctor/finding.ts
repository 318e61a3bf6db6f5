/** `unknown`: the server does not tell, as managed clouds often do not. */
export type Level = 'ok' | 'unknown' | 'warn' | 'error';

/** The result of one check. */
export interface Finding {
  readonly level: Level;
  /** A stable word for scripts, such as `eviction`. */
  readonly check: string;
  /** The node. Undefined if the finding is about all nodes together. */
  readonly node?: string;
  readonly message: string;
  /** The consequence for locks. */
  readonly meaning?: string;
  /** The remedy, with a command of Redis if there is one. */
  readonly fix?: string;
}

/** A finding without the name of its node. */
export type NodeFinding = Omit<Finding, 'node'>;
