import type { NodeVote } from '../errors/node-vote.interface';
import { isDeniedByQuorum, isWon, type Tally } from './quorum';

/**
 * - `extended`: the lease is valid for the new ttl
 * - `gone`: a quorum says that it is not ours any more
 * - `expired`: the extension came too late
 * - `unknown`: too few nodes answered; the lease is valid for as long as before
 */
export interface Extension {
  readonly outcome: 'extended' | 'gone' | 'expired' | 'unknown';
  /** The votes of the nodes. Empty if the lease was extended. */
  readonly votes: readonly NodeVote[];
}

/**
 * `released`: a quorum removed it. `expired`: a quorum did not have it any more. `unknown`: too few nodes
 * answered.
 */
export interface Release {
  readonly outcome: 'released' | 'expired' | 'unknown';
  /** At least this many processes wait for the resource and were told. Undefined: nobody was told. */
  readonly waiting?: number;
  /** True if others may wait who were not counted. */
  readonly mayBeMore?: boolean;
}

/** The release of a lease that was taken over, as the first extension of the new lease tells it. */
export function releaseByTakingOver({ outcome }: Extension): Release {
  if (outcome === 'extended') return { outcome: 'released' };
  return { outcome: outcome === 'gone' ? 'expired' : 'unknown' };
}

export function releaseOutcome(removal: Tally): Release['outcome'] {
  if (isWon(removal)) return 'released';
  return isDeniedByQuorum(removal) ? 'expired' : 'unknown';
}
