import type { AcquireVote, FailedVote, FenceRequest } from '../ports/lock-node.interface';
import { areNear } from './clock-skew';
import { isWon } from './quorum';
import type { RoundResult } from './round';

/**
 * Fencing tokens from N nodes, usually in the round trip that gets the lock (R14).
 *
 * Each node numbers its grants of a resource. The token of a lease is the largest number among the nodes that granted
 * it, and a majority of those must have it before it is handed out: any later holder then meets one of them, and gets a
 * larger number. Nodes agree at once as a rule, since all are given the same proposal, a time that is later than the
 * last grant.
 */
export interface FencingSettings {
  /** How far a proposal may be from a node's clock. A number may be twice as far from the proposal. */
  readonly skewMs: number;
  /** How long a node remembers a counter that nobody raises. */
  readonly keepMs: number;
}

/** A grant that does not count: the node has the resources for us, but its number is no use. */
export class UncountedGrant implements FailedVote {
  readonly kind = 'failed';

  constructor(
    readonly error: Error,
    readonly number?: number,
  ) {}
}

/**
 * A grant counts with a number from about the time of the proposal, and with no other. One that is far from it comes
 * of a clock that is wrong: as a token it would be above those of many holders to come, once nodes have forgotten it.
 */
export function numbered(vote: AcquireVote, { proposal, skewMicros }: FenceRequest): AcquireVote {
  if (vote.kind !== 'granted') return vote;
  const { fence } = vote;
  if (typeof fence !== 'number' || !Number.isSafeInteger(fence) || fence <= 0) return NOT_NUMBERED;
  return areNear(fence, proposal, skewMicros) ? vote : new UncountedGrant(FAR_OFF, fence);
}

const NOT_NUMBERED = new UncountedGrant(new Error('the node granted without a usable fencing counter'));

const FAR_OFF = new Error(
  'the clock of the node is too far from that of this process, or of the other nodes, for fencing; let NTP set them',
);

/** The fencing token of a round that was won: the largest number that a granting node gave. */
export function tokenOf(round: RoundResult<AcquireVote>): number {
  let token = 0;
  for (const vote of round.votes) {
    if (vote?.kind === 'granted') token = Math.max(token, vote.fence ?? 0);
  }
  return token;
}

/** Whether a majority granted with exactly `token`: then it need not be written back. */
export function isAgreedOn(round: RoundResult<AcquireVote>, token: number): boolean {
  return isWon({ ...round, granted: round.votes.filter((vote) => hasToken(vote, token)).length });
}

export function hasToken(vote: AcquireVote | undefined, token: number): boolean {
  return vote?.kind === 'granted' && vote.fence === token && vote.isFenceUneven !== true;
}
