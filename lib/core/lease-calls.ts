import type { Lease } from './lease';
import type {
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  LockNode,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { hasToken } from './fencing';
import { cannotBeWon, isAgreed, isWon, type Tally } from './quorum';
import { type CallContext, NodesCall } from './quorum-call';
import type { QuorumCall, RoundResult } from './round';
import { NOT_ASKED } from './silent-nodes';

/** A quorum call with three answers: the key is ours, it is not ours, or the nodes cannot tell. */
abstract class OwnershipCall extends NodesCall {
  constructor(
    callContext: CallContext,
    protected readonly lease: Lease,
  ) {
    super(callContext);
  }

  isSettled(tally: Tally): boolean {
    return isAgreed(tally);
  }
}

export class ExtendCall extends OwnershipCall implements QuorumCall<ExtendVote> {
  private readonly inherited: Lease | undefined;

  constructor(
    callContext: CallContext,
    lease: Lease,
    private readonly request: ExtendRequest,
  ) {
    super(callContext, lease);
    this.inherited = lease.inherited;
  }

  ask(node: LockNode, vote: (vote: ExtendVote) => void, position: number): void {
    const { guard } = this.callContext;
    // The node may have the token after this, since an extension puts a missing key back.
    this.lease.askedAt |= 1 << position;
    // A guarded node may confirm what it has. But a server that is listed twice has one vote.
    if (guard.reasonFor(node)?.reason === 'duplicate') {
      vote({ kind: 'failed', error: guard.errorFor(node) as Error });
    } else {
      this.silence?.asked(position);
      node.extend(this.request, vote);
    }
  }

  /**
   * Cleans up on a node that put the resource back after its release (R10), and on one that may still have the
   * lease before it.
   */
  onLateVote(node: LockNode, vote: ExtendVote): void {
    const { callContext, lease, inherited } = this;
    const isOver = lease.releaseBegan || lease.isLeft === true;
    if (vote.kind === 'denied' && vote.healed && isOver) callContext.cleanUpLate(lease, node);
    const isConfirmed = lease.inherited === undefined;
    if (inherited !== undefined && isConfirmed && vote.kind !== 'granted')
      callContext.cleanUpLate(inherited, node);
  }
}

export class ReleaseCall extends OwnershipCall implements QuorumCall<ReleaseVote> {
  /** The number of processes that wait for the resource, as far as the nodes told. */
  waiting = 0;
  /** True if others may wait whom the nodes could not count. */
  mayBeMore = false;

  constructor(
    callContext: CallContext,
    lease: Lease,
    private readonly request: ReleaseRequest,
    /** Tells which nodes need not be asked, since they cannot have the lease. */
    private readonly isSpared: (position: number) => boolean = nobody,
  ) {
    super(callContext, lease);
  }

  ask(node: LockNode, vote: (vote: ReleaseVote) => void, position: number): void {
    if (this.isSpared(position) || (this.lease.askedAt & (1 << position)) === 0) {
      vote(NOT_ASKED);
      return;
    }
    this.silence?.asked(position);
    const { guard } = this.callContext;
    if (guard.isIdle || guard.reasonFor(node)?.reason !== 'duplicate') {
      node.release(this.request, vote);
      return;
    }
    // The request goes to the same server by this connection too, since the other one may be broken. But one
    // server has one vote.
    node.release(this.request, nobody);
    vote({ kind: 'failed', error: guard.errorFor(node) as Error });
  }

  /**
   * Releases wait for no first contact: a node keeps a release until it is connected, even if nobody waits for its
   * vote.
   */
  override get firstContact(): undefined {
    return undefined;
  }

  onVote(position: number, vote: ReleaseVote): void {
    this.lease.releaseAnsweredBy |= 1 << position;
    if (vote.kind !== 'granted') return;
    if (vote.waiting !== undefined) this.waiting = Math.max(this.waiting, vote.waiting);
    this.mayBeMore ||= vote.mayBeMore === true;
  }

  onLateVote(): void {
    // Nothing has to be done when a release is answered late.
  }
}

/**
 * Writes the token to the nodes that gave a smaller number. A node counts only if the resources are still ours
 * there. If it has granted them to somebody else in between, it has numbered that grant already.
 */
export class RaiseFenceCall extends NodesCall implements QuorumCall<RaiseFenceVote> {
  constructor(
    callContext: CallContext,
    private readonly request: RaiseFenceRequest,
    private readonly grants: RoundResult<AcquireVote>,
  ) {
    super(callContext);
  }

  ask(node: LockNode, vote: (vote: RaiseFenceVote) => void, position: number): void {
    // The vote of a guarded node would settle the call and then not count: the node may have forgotten its
    // counters, or vote twice.
    const guardedBy = this.callContext.guard.errorFor(node);
    if (guardedBy !== undefined) vote({ kind: 'failed', error: guardedBy });
    else if (hasToken(this.grants.votes[position], this.request.fence)) vote({ kind: 'granted' });
    else node.raiseFence(this.request, vote);
  }

  isSettled(tally: Tally): boolean {
    return isWon(tally) || cannotBeWon(tally);
  }

  onLateVote(): void {
    // A late vote needs no answer: a counter that is too high does no harm.
  }
}

function nobody(): boolean {
  return false;
}
