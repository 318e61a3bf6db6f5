import { type Attempt, type FailedAttempt, failedAttempt, notNumbered } from './attempt';
import type { FenceProposals } from './fence-proposals';
import { isAgreedOn, tokenOf } from './fencing';
import { heldAs, releaseRequestOf, type Lease } from './lease';
import type {
  AcquireVote,
  ExtendVote,
  FenceRequest,
  RaiseFenceVote,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { withoutGuarded } from './node-guard';
import type { CallContext } from './quorum-call';
import { RaiseFenceCall, ReleaseCall } from './quorum-calls';
import { isWon } from './quorum';
import type { RedlockSettings } from './redlock-settings.interface';
import { holdRound, type RoundResult } from './round';
import { remainingMs } from './validity';

/** Decides what the votes of an attempt come to, and cleans up what comes to nothing. */
export class AttemptJudge {
  /** Nearly all questions have it, so it is made once. */
  private readonly patient: CallContext;

  constructor(
    private readonly settings: RedlockSettings,
    private readonly proposals: FenceProposals,
  ) {
    const { nodes, clock, nodeTimeoutMs, guard, refusals, silence } = settings;
    this.patient = {
      nodes,
      clock,
      timeoutMs: nodeTimeoutMs,
      guard,
      refusals,
      silence,
      cleanUpLate: (lease, node) => {
        this.cleanUp(lease, (position) => nodes[position] !== node);
      },
    };
  }

  /** The clock is read after everything else: slow votes may have used up the time that they granted (R3). */
  conclude(lease: Lease, round: RoundResult<AcquireVote>, endsAHold = false): Attempt {
    const { nodes, clock } = this.settings;
    const counted = this.countable(round);
    if (isWon(counted) && remainingMs(clock, lease.validity) > 0) {
      lease.wasWon = true;
      return { outcome: 'won', lease };
    }
    // A silent or failed node may have applied the request; one that denied has not.
    this.cleanUp(lease, isDenial(round), endsAHold);
    return failedAttempt(nodes, counted);
  }

  /** A node that turned out, while we asked, to have forgotten things may have forgotten this too. */
  countable<V extends AcquireVote | RaiseFenceVote>(round: RoundResult<V>): RoundResult<V> {
    const { nodes, guard } = this.settings;
    return guard.isIdle ? round : withoutGuarded(round, nodes, guard);
  }

  /** A majority of the granting nodes must have the token before anybody sees it (R14). */
  async concludeFenced(
    lease: Lease,
    { keepMs }: FenceRequest,
    round: RoundResult<AcquireVote>,
    askAgain: () => Promise<Attempt> | undefined = notAgain,
    endsAHold = false,
  ): Promise<Attempt> {
    const grants = this.countable(round);
    if (!isWon(grants)) {
      const failed = this.conclude(lease, round, endsAHold);
      return askAgain() ?? failed;
    }
    const unnumbered = await this.number(lease, keepMs, grants);
    if (unnumbered === undefined) return this.conclude(lease, round, endsAHold);
    this.cleanUp(lease, isDenial(round), endsAHold);
    return unnumbered;
  }

  /** Gives the lease its fencing token; what comes back is why it cannot have one. */
  async number(
    lease: Lease,
    keepMs: number,
    grants: RoundResult<AcquireVote>,
  ): Promise<FailedAttempt | undefined> {
    const token = tokenOf(grants);
    this.proposals.saw(token);
    if (!isAgreedOn(grants, token)) {
      const { resources, ownerToken, sharing } = lease;
      const request = { resources, ownerToken, fence: token, keepMs, ...(sharing && heldAs(sharing)) };
      const asked = await holdRound(new RaiseFenceCall(this.callContextFor(lease), request, grants));
      const raised = this.countable(asked);
      if (!isWon(raised)) return notNumbered(this.settings.nodes, raised);
    }
    lease.fencingToken = token;
    return undefined;
  }

  /** A quorum has the owner token of `lease`: that of the lease before it is not needed anywhere any more. */
  confirmInherited(lease: Lease, { votes }: RoundResult<ExtendVote>): void {
    const { inherited } = lease;
    if (inherited === undefined) return;
    lease.inherited = undefined;
    // What else its owner token may have there nobody goes on with.
    const hasMore = inherited.sharing?.mayHaveStrays === true;
    // A vote that is missing is a late one.
    this.cleanUp(inherited, (position) => !hasMore && (votes[position]?.kind ?? 'granted') === 'granted');
  }

  /** `lease` is released, and nodes may still have the one before it, for as long as they keep this one. */
  cleanUpInherited(lease: Lease): void {
    const { inherited } = lease;
    if (inherited === undefined) return;
    inherited.keepUntilMs = lease.keepUntilMs;
    this.cleanUp(inherited, () => false, true);
  }

  /**
   * In the background: nobody waits for it, and no caller's signal stops it (R6). It wakes nobody (R7), unless a lease
   * ends with it that others wait for.
   */
  cleanUp(lease: Lease, isSpared: (position: number) => boolean, wakeWaiters = false): void {
    lease.releaseBegan = true;
    if (this.settings.nodes.every((_, position) => isSpared(position))) return;
    const keepMs = Math.ceil(lease.keepUntilMs - this.settings.clock.now());
    const request = releaseRequestOf(lease, keepMs, wakeWaiters);
    void holdRound<ReleaseVote>(new ReleaseCall(this.callContext(), lease, request, isSpared));
  }

  /**
   * A node has the node timeout; where a lease is at stake, not longer than that is valid.
   *
   * @param validMs for how long it is
   */
  callContext(validMs = Infinity): CallContext {
    const { patient } = this;
    return validMs >= patient.timeoutMs ? patient : { ...patient, timeoutMs: validMs };
  }

  /** The call context for a lease that has lasted for a while: a node gets no longer than it is still valid. */
  callContextFor(lease: Lease): CallContext {
    return this.callContext(remainingMs(this.settings.clock, lease.validity));
  }
}

function isDenial(round: RoundResult<AcquireVote>): (position: number) => boolean {
  return (position) => round.votes[position]?.kind === 'denied';
}

export function notAgain(): undefined {
  // A lease that ends in the same step cannot do so twice.
}
