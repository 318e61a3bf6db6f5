import type { Lease } from './lease';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FenceRequest,
  LockNode,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { areNear } from '../ports/clock-skew';
import { hasToken, numbered, UncountedGrant } from './fencing';
import { cannotBeDeniedByQuorum, cannotBeWon, isDeniedByQuorum, isWon, type Tally } from './quorum';
import { type CallContext, NodesCall } from './quorum-call';
import type { Removal } from './removal';
import type { QuorumCall, RoundResult } from './round';
import { NOT_ASKED, SILENT } from './silent-nodes';

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
   * answered before the grant.
   */
  onLateVote(node: LockNode, vote: AcquireVote, position: number): void {
    const isThere = vote.kind === 'granted' || vote instanceof UncountedGrant;
    if (!isThere || !this.lease.releaseBegan) return;
    const isReleaseComing = this.lease.wasWon && !hasAnswered(this.lease, position);
    if (!isReleaseComing) this.callContext.cleanUpLate(this.lease, node);
  }
}

/** An attempt that ends another lease. On each node where the attempt got nothing, the old lease is cleaned up. */
export class ReplaceCall extends AcquireCall {
  constructor(
    callContext: CallContext,
    lease: Lease,
    request: AcquireRequest,
    private readonly old: Lease,
    private readonly removal: Removal,
  ) {
    super(callContext, lease, request);
  }

  override onVote(position: number, vote: AcquireVote): void {
    super.onVote(position, vote);
    this.removal.count(vote);
  }

  override onLateVote(node: LockNode, vote: AcquireVote, position: number): void {
    super.onLateVote(node, vote, position);
    if (vote.kind !== 'granted') this.callContext.cleanUpLate(this.old, node);
  }
}

/** A quorum call with three answers: the key is ours, it is not ours, or the nodes cannot tell. */
abstract class OwnershipCall extends NodesCall {
  constructor(
    callContext: CallContext,
    protected readonly lease: Lease,
  ) {
    super(callContext);
  }

  /** The call is settled when a majority agrees, or when neither side can reach a majority. */
  isSettled(tally: Tally): boolean {
    return isWon(tally) || isDeniedByQuorum(tally) || (cannotBeWon(tally) && cannotBeDeniedByQuorum(tally));
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
    if (vote.kind === 'denied' && vote.healed && lease.releaseBegan) callContext.cleanUpLate(lease, node);
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

function hasAnswered(lease: Lease, position: number): boolean {
  return (lease.releaseAnsweredBy & (1 << position)) !== 0;
}

function nobody(): boolean {
  return false;
}
