import type { Clock } from './clock.interface';
import type { AcquireVote, FailedVote, FenceRequest, LockNode, RaiseFenceVote } from './lock-node.interface';
import type { Asking } from './questions';
import { cannotBeWon, isWon, type Tally } from './quorum';
import type { Question, RoundResult } from './round';

/**
 * Fencing tokens from N nodes, usually in the round trip that gets the lock (R14).
 *
 * Each node numbers its grants of a resource. The token of a hold is the largest number among the nodes that granted
 * it, and a majority of those must have it before it is handed out: any later holder then meets one of them, and gets a
 * larger number. Nodes agree at once as a rule, since all are given the same proposal, a time that is later than the
 * last grant.
 */
export interface FencingSettings {
  /** How far a proposal may be from a node's clock. */
  readonly skewMs: number;
  /** How long a node remembers a counter that nobody raises. */
  readonly keepMs: number;
}

/** Makes the proposals of one client: its time in microseconds, later than all that it has seen so far. */
export class FenceProposals {
  private last = 0;

  constructor(
    private readonly clock: Clock,
    private readonly settings: FencingSettings,
  ) {}

  next(): FenceRequest {
    const { skewMs, keepMs } = this.settings;
    const nowMicros = this.nowMicros();
    // Somebody whose clock is ahead is followed, so that nodes agree, but not to where they would not believe us.
    const following = Math.min(this.last + 1, nowMicros + (skewMs * 1_000) / 2);
    this.last = Math.floor(Math.max(nowMicros, following));
    return { proposal: this.last, skewMicros: Math.floor(skewMs * 1_000), keepMs };
  }

  /** A token that was given out: the next proposal is larger. */
  saw(token: number): void {
    this.last = Math.max(this.last, token);
  }

  private nowMicros(): number {
    return Math.floor(this.clock.wallNow() * 1_000);
  }
}

/** A grant that does not say its number cannot be counted. */
export function numbered(vote: AcquireVote): AcquireVote {
  if (vote.kind !== 'granted' || (Number.isSafeInteger(vote.fence) && Number(vote.fence) > 0)) return vote;
  return NOT_NUMBERED;
}

const NOT_NUMBERED: FailedVote = {
  kind: 'failed',
  error: new Error('the node granted without a usable fencing counter'),
};

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

/**
 * Writes the token back to the nodes that gave a smaller number. It counts where the resources are still ours: a node
 * that granted them to somebody else in the meantime has numbered that grant already.
 */
export class RaiseFenceQuestion implements Question<RaiseFenceVote> {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly timeoutMs: number;

  constructor(
    private readonly asking: Asking,
    private readonly request: Parameters<LockNode['raiseFence']>[0],
    private readonly grants: RoundResult<AcquireVote>,
  ) {
    this.nodes = asking.nodes;
    this.clock = asking.clock;
    this.timeoutMs = asking.timeoutMs;
  }

  ask(node: LockNode, vote: (vote: RaiseFenceVote) => void, position: number): void {
    // Its vote would settle the question and then not count: it may have forgotten its counters, or vote twice.
    const guardedBy = this.asking.guard.errorFor(node);
    if (guardedBy !== undefined) vote({ kind: 'failed', error: guardedBy });
    else if (hasToken(this.grants.votes[position], this.request.fence)) vote({ kind: 'granted' });
    else node.raiseFence(this.request, vote);
  }

  isSettled(tally: Tally): boolean {
    return isWon(tally) || cannotBeWon(tally);
  }

  onLateVote(): void {
    // A counter that is higher than it need be harms nobody.
  }
}

function hasToken(vote: AcquireVote | undefined, token: number): boolean {
  return vote?.kind === 'granted' && vote.fence === token && vote.isFenceUneven !== true;
}
