import type { CheckedLockOptions } from '../api/complete-lock-options';
import type { Handover, WonLease } from '../waiting/handover-budget';
import type { Renewal } from './renewal';

/** What a lock has of the lease that it won. */
export interface Won extends Pick<WonLease, 'lease' | 'budget'> {
  /** Undefined while nobody stands behind it. Another caller may come at any moment. */
  readonly place: WonLease['place'] | undefined;
  /** Leaves the line. The successor gets `turn`. */
  leaveLine(turn?: Handover): void;
}

/** A lock whose holder is done with it. */
export interface Ended extends Won {
  readonly options: CheckedLockOptions;
  /** The ttl that its holder asked for last. */
  readonly ttlMs: number;
  /** Undefined if no extension is under way. */
  readonly renewal: Renewal | undefined;
  /** The renewal, which is made if there is none. */
  renewing(): Renewal;
  /** The way in which the lock ends, as it is at this moment. */
  readonly howItEnds: End;
}

/** The way in which a lease ends. */
export interface End {
  /** The time for which the key stays on the nodes. With 0 or less, the release removes it. */
  readonly keepMs: number;
  readonly isLost: boolean;
}
