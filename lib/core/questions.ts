import type { Lease } from './lease';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FenceRequest,
  LockNode,
  ReleaseRequest,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { areNear } from './clock-skew';
import { numbered, UncountedGrant } from './fencing';
import { cannotBeDeniedByQuorum, cannotBeWon, isDeniedByQuorum, isWon, type Tally } from './quorum';
import { type CallContext, NodesCall } from './nodes-question';
import type { QuorumCall } from './round';

/** The vote of a node that was asked before the round: it is there, or it is on the way. */
export type KnownVote =
  | { readonly node: LockNode; readonly vote: AcquireVote }
  | { readonly node: LockNode; whenItComes(vote: (vote: AcquireVote) => void): void };

/** Lost as soon as a quorum is impossible: what was granted should go back at once (R1, R6). */
export class AcquireQuestion extends NodesCall implements QuorumCall<AcquireVote> {
  private someNumber: number | undefined;
  private isTimeUncertain = false;

  constructor(
    asking: CallContext,
    private readonly hold: Lease,
    private readonly request: AcquireRequest,
    private readonly known?: KnownVote,
  ) {
    super(asking);
  }

  ask(node: LockNode, give: (vote: AcquireVote) => void): void {
    const { fence } = this.request;
    const vote =
      fence === undefined
        ? give
        : (given: AcquireVote) => {
            give(this.counted(given, fence));
          };
    const guardedBy = this.asking.guard.errorFor(node);
    if (guardedBy !== undefined) vote({ kind: 'failed', error: guardedBy });
    else if (this.known?.node !== node) node.acquire(this.request, vote);
    else if ('vote' in this.known) vote(this.known.vote);
    else this.known.whenItComes(vote);
  }

  onVote(position: number, vote: AcquireVote): void {
    if (vote.kind !== 'failed' || vote instanceof UncountedGrant) return;
    const node = this.nodes[position] as LockNode;
    if (this.asking.guard.reasonFor(node) === undefined)
      this.asking.refusals?.suspect(node, this.request.resources, vote);
  }

  isSettled(tally: Tally): boolean {
    // Where the nodes disagree on the time, the others tell whose clock is right.
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
   * A grant that comes after everything was given back is given back by itself (R6).
   *
   * Of a lock that was won, most grants come late, and its release is on the way to that node already: behind the
   * grant, since a node applies requests in order. So there it is done only if the release was answered before.
   */
  onLateVote(node: LockNode, vote: AcquireVote, position: number): void {
    const isThere = vote.kind === 'granted' || vote instanceof UncountedGrant;
    if (!isThere || !this.hold.releaseBegan) return;
    const isReleaseComing = this.hold.wasWon && !hasAnswered(this.hold, position);
    if (!isReleaseComing) this.asking.reap(this.hold, node);
  }
}

/** An attempt that ends another hold; where it did not get through, that one goes by itself. */
export class ReplaceQuestion extends AcquireQuestion {
  constructor(
    asking: CallContext,
    hold: Lease,
    request: AcquireRequest,
    private readonly old: Lease,
  ) {
    super(asking, hold, request);
  }

  override onLateVote(node: LockNode, vote: AcquireVote, position: number): void {
    super.onLateVote(node, vote, position);
    if (vote.kind !== 'granted') this.asking.reap(this.old, node);
  }
}

/** For questions with three answers: ours, not ours, cannot tell. */
abstract class OwnershipQuestion extends NodesCall {
  constructor(
    asking: CallContext,
    protected readonly hold: Lease,
  ) {
    super(asking);
  }

  /** When a majority agrees, or when neither side can reach one. */
  isSettled(tally: Tally): boolean {
    return isWon(tally) || isDeniedByQuorum(tally) || (cannotBeWon(tally) && cannotBeDeniedByQuorum(tally));
  }
}

export class ExtendQuestion extends OwnershipQuestion implements QuorumCall<ExtendVote> {
  private readonly inherited: Lease | undefined;

  constructor(
    asking: CallContext,
    hold: Lease,
    private readonly request: ExtendRequest,
  ) {
    super(asking, hold);
    this.inherited = hold.inherited;
  }

  ask(node: LockNode, vote: (vote: ExtendVote) => void): void {
    const { guard } = this.asking;
    // What a guarded node has it may confirm, but nobody votes twice.
    if (guard.reasonFor(node)?.reason === 'duplicate') {
      vote({ kind: 'failed', error: guard.errorFor(node) as Error });
    } else node.extend(this.request, vote);
  }

  /** A node that put the resource back after it was released (R10), or one that may still have the hold before it. */
  onLateVote(node: LockNode, vote: ExtendVote): void {
    const { asking, hold, inherited } = this;
    if (vote.kind === 'denied' && vote.healed && hold.releaseBegan) asking.reap(hold, node);
    const isConfirmed = hold.inherited === undefined;
    if (inherited !== undefined && isConfirmed && vote.kind !== 'granted') asking.reap(inherited, node);
  }
}

export class ReleaseQuestion extends OwnershipQuestion implements QuorumCall<ReleaseVote> {
  /** How many processes wait for the resource, as far as the nodes told. */
  waiting = 0;

  constructor(
    asking: CallContext,
    hold: Lease,
    private readonly request: ReleaseRequest,
    /** Nodes that need not be asked: they cannot have it. */
    private readonly isSpared: (position: number) => boolean = nobody,
  ) {
    super(asking, hold);
  }

  ask(node: LockNode, vote: (vote: ReleaseVote) => void, position: number): void {
    if (this.isSpared(position)) {
      vote({ kind: 'denied' });
      return;
    }
    const { guard } = this.asking;
    if (guard.isIdle || guard.reasonFor(node)?.reason !== 'duplicate') {
      node.release(this.request, vote);
      return;
    }
    // Released by way of this node too, which may be the one that can be reached; but one server has one vote.
    node.release(this.request, nobody);
    vote({ kind: 'failed', error: guard.errorFor(node) as Error });
  }

  /** A node keeps a release for itself until it is connected, also when nobody waits for its vote any more. */
  override get firstContact(): undefined {
    return undefined;
  }

  onVote(position: number, vote: ReleaseVote): void {
    this.hold.releaseAnsweredBy |= 1 << position;
    if (vote.kind === 'granted' && vote.waiting !== undefined) {
      this.waiting = Math.max(this.waiting, vote.waiting);
    }
  }

  onLateVote(): void {
    // A release that is late needs no answer.
  }
}

function hasAnswered(hold: Lease, position: number): boolean {
  return (hold.releaseAnsweredBy & (1 << position)) !== 0;
}

function nobody(): boolean {
  return false;
}
