/** `unknown`: the server does not let us look, as managed clouds often do not. */
export type Level = 'ok' | 'unknown' | 'warn' | 'error';

/** One thing that the doctor looked at. */
export interface Finding {
  readonly level: Level;
  /** A stable word for scripts, such as `eviction`. */
  readonly check: string;
  /** Undefined when it is about all nodes together. */
  readonly node?: string;
  readonly message: string;
  /** What it means for locks. */
  readonly meaning?: string;
  /** What to change; a command of Redis where there is one. */
  readonly fix?: string;
}

/** A finding before it is known which node it is about. */
export type NodeFinding = Omit<Finding, 'node'>;
