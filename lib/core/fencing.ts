import type { AcquireVote, FailedVote, FenceRequest } from '../ports/lock-node.interface';
import { areNear } from '../ports/times';
import { isWon } from './quorum';
import type { RoundResult } from './round';

/**
 * Settings of fencing tokens. They come from N nodes, usually in the same round trip that gets the lock (R14).
 *
 * Each node numbers its grants of a resource. The token of a lease is the largest number among the nodes that
 * granted it. A majority of the nodes must have that token before it is handed out. Any later holder then meets
 * one of these nodes, and gets a larger number. Usually the nodes agree at once, since all of them get the same
 * proposal: a time later than the last grant.
 */
export interface FencingSettings {
  /**
   * A proposal may differ by this much from a node's clock. A number may differ by twice as much from the
   * proposal.
   */
  readonly skewMs: number;
  /** The time for which a node remembers a counter that nobody raises. */
  readonly keepMs: number;
}

/** A grant that does not count. The node has the resources for us, but its number cannot be used. */
export class UncountedGrant implements FailedVote {
  readonly kind = 'failed';

  constructor(
    readonly error: Error,
    readonly number?: number,
  ) {}
}

/**
 * A grant counts only if its number is near the proposal. A number that is far away comes from a wrong clock. As a
 * token it would be above the tokens of many later holders, once the nodes have forgotten it.
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

/** True if a majority granted with exactly `token`. Then the token need not be written to the nodes. */
export function isAgreedOn(round: RoundResult<AcquireVote>, token: number): boolean {
  return isWon({ ...round, granted: round.votes.filter((vote) => hasToken(vote, token)).length });
}

export function hasToken(vote: AcquireVote | undefined, token: number): boolean {
  return vote?.kind === 'granted' && vote.fence === token && vote.isFenceUneven !== true;
}
