import type { Lease } from './lease';
import type { AcquireRequest, AcquireVote, FenceRequest, LockNode } from '../ports/lock-node.interface';
import { areNear } from '../ports/times';
import { numbered, UncountedGrant } from './fencing';
import { cannotBeWon, isWon, type Tally } from './quorum';
import { type CallContext, NodesCall } from './quorum-call';
import type { QuorumCall } from './round';
import { SILENT } from './silent-nodes';

/** The vote of a node that was asked before the round: it is known, or it will come later. */
export type KnownVote =
  | { readonly node: LockNode; readonly vote: AcquireVote }
  | { readonly node: LockNode; whenItComes(vote: (vote: AcquireVote) => void): void };

/**
 * Asks the nodes for a lease. It is lost as soon as a quorum is impossible, so that the grants are released at
 * once (R1, R6).
 */
export class AcquireCall extends NodesCall implements QuorumCall<AcquireVote> {
  private someNumber: number | undefined;
  private isTimeUncertain = false;

  constructor(
    callContext: CallContext,
    private readonly lease: Lease,
    private readonly request: AcquireRequest,
    private readonly known?: KnownVote,
  ) {
    super(callContext);
  }

  /** @param position missing for the leading node, which is asked before the round */
  ask(node: LockNode, give: (vote: AcquireVote) => void, position?: number): void {
    const { fence } = this.request;
    const vote =
      fence === undefined
        ? give
        : (given: AcquireVote) => {
            give(this.counted(given, fence));
          };
    const guardedBy = this.callContext.guard.errorFor(node);
    if (guardedBy !== undefined) {
      vote({ kind: 'failed', error: guardedBy });
      return;
    }
    const isKnown = this.known?.node === node;
    if (position !== undefined) {
      if (!isKnown && this.silence?.skips(position) === true) {
        vote(SILENT);
        return;
      }
      this.lease.askedAt |= 1 << position;
      this.silence?.asked(position);
    }
    if (this.known === undefined || !isKnown) node.acquire(this.request, vote);
    else if ('vote' in this.known) vote(this.known.vote);
    else this.known.whenItComes(vote);
  }

  onVote(position: number, vote: AcquireVote): void {
    if (vote.kind !== 'failed' || vote instanceof UncountedGrant) return;
    const node = this.nodes[position] as LockNode;
    if (this.callContext.guard.reasonFor(node) === undefined)
      this.callContext.refusals?.suspect(node, this.request.resources, vote);
  }

  isSettled(tally: Tally): boolean {
    // If the nodes disagree on the time, the missing votes may tell whose clock is right. So the round waits for
    // them.
    return isWon(tally) || (cannotBeWon(tally) && !this.isTimeUncertain);
  }

  private counted(given: AcquireVote, fence: FenceRequest): AcquireVote {
    const vote = numbered(given, fence);
    if (vote instanceof UncountedGrant && vote.number !== undefined) {
      this.someNumber ??= vote.number;
      this.isTimeUncertain ||= !areNear(vote.number, this.someNumber, fence.skewMicros);
    }
    return vote;
  }

  /**
   * Cleans up a grant that comes after everything was released (R6).
   *
   * Most late grants belong to a lock that was won. Its release is already on the way to that node, and arrives
   * after the request, since a node applies requests in order. So a clean-up is needed only if the release was
   * answered before the grant. A lease that was left is released by another process, over another connection.
   */
  onLateVote(node: LockNode, vote: AcquireVote, position: number): void {
    const isThere = vote.kind === 'granted' || vote instanceof UncountedGrant;
    const { isLeft = false, releaseBegan, wasWon } = this.lease;
    if (!isThere || !(isLeft || releaseBegan)) return;
    const isReleaseComing = !isLeft && wasWon && !hasAnswered(this.lease, position);
    if (!isReleaseComing) this.callContext.cleanUpLate(this.lease, node);
  }
}

function hasAnswered(lease: Lease, position: number): boolean {
  return (lease.releaseAnsweredBy & (1 << position)) !== 0;
}
