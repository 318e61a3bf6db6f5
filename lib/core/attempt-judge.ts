import { type Attempt, type FailedAttempt, failedAttempt, notNumbered } from './attempt';
import type { FenceProposals } from './fence-proposals';
import { isAgreedOn, tokenOf } from './fencing';
import { extendRequestOf, heldAs, releaseRequestOf, type Lease } from './lease';
import type {
  AcquireVote,
  ExtendVote,
  FenceRequest,
  LockNode,
  RaiseFenceVote,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { withoutGuarded } from './node-guard';
import type { CallContext } from './quorum-call';
import { ExtendCall, RaiseFenceCall, ReleaseCall } from './lease-calls';
import { isDeniedByQuorum, isWon } from './quorum';
import type { RedlockSettings } from './redlock-settings.interface';
import { holdRound, type RoundResult } from './round';
import { remainingMs } from './validity';

/** Decides from the votes if an attempt has won, and cleans up after attempts that have not. */
export class AttemptJudge {
  /** The context of nearly all quorum calls, with the whole node timeout. It is made once. */
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
        if (lease.isLeft === true) void this.cleanUpIfGone(node, lease);
        else this.cleanUpAt(node, lease);
      },
    };
  }

  /** Cleans up one node. */
  cleanUpAt(node: LockNode, lease: Lease): void {
    this.cleanUp(lease, (position) => this.settings.nodes[position] !== node);
  }

  /**
   * Cleans up one node if a quorum says that the lease is gone. Then no process can go on with it. Else one may hold it,
   * and may count on that node.
   */
  private async cleanUpIfGone(node: LockNode, lease: Lease): Promise<void> {
    // A node that has the lease keeps it for longer anyway, so nothing is changed there.
    const look = { ...extendRequestOf(lease, SHORTEST_TTL_MS, false), onlyLooks: true };
    const round = await holdRound<ExtendVote>(new ExtendCall(this.callContext(), lease, look));
    if (isDeniedByQuorum(round)) this.cleanUpAt(node, lease);
  }

  /** Reads the clock after everything else, since slow votes may have used up the time that they granted (R3). */
  conclude(lease: Lease, round: RoundResult<AcquireVote>, endsAHold = false): Attempt {
    const { nodes, clock } = this.settings;
    const counted = this.countable(round);
    if (isWon(counted) && remainingMs(clock, lease) > 0) {
      lease.wasWon = true;
      return { outcome: 'won', lease };
    }
    // A node that denied has nothing. A silent or failed node may have applied the request.
    this.cleanUp(lease, isDenial(round), endsAHold);
    return failedAttempt(nodes, counted);
  }

  /** Leaves out the grants of nodes that turned out, during the round, to have forgotten locks. */
  countable<V extends AcquireVote | RaiseFenceVote>(round: RoundResult<V>): RoundResult<V> {
    const { nodes, guard } = this.settings;
    return guard.isIdle ? round : withoutGuarded(round, nodes, guard);
  }

  /**
   * Concludes an attempt with a fencing token. A majority of the nodes must have the token before anybody sees it
   * (R14).
   */
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

  /** Gives the lease its fencing token. Returns the failed attempt if that was not possible. */
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

  /**
   * Cleans up the lease before `lease`: a quorum has the owner token of `lease`, so nothing needs the earlier one
   * any more.
   */
  confirmInherited(lease: Lease, { votes }: RoundResult<ExtendVote>): void {
    const { inherited } = lease;
    if (inherited === undefined) return;
    lease.inherited = undefined;
    // The earlier owner token may have more on the nodes than this lease took over. That has to go as well.
    const hasMore = inherited.sharing?.mayHaveStrays === true;
    // A vote that is missing will come late, and `ExtendCall.onLateVote` cleans up after it.
    this.cleanUp(inherited, (position) => !hasMore && (votes[position]?.kind ?? 'granted') === 'granted');
  }

  /**
   * Cleans up the lease before `lease`. Nodes may still have it although `lease` is released. They keep it for as
   * long as they keep `lease`.
   */
  cleanUpInherited(lease: Lease): void {
    const { inherited } = lease;
    if (inherited === undefined) return;
    inherited.keepUntilMs = lease.keepUntilMs;
    this.cleanUp(inherited, () => false, true);
  }

  /**
   * Releases a lease in the background: nobody waits for it, and no caller's signal stops it (R6). It wakes nobody
   * (R7), unless it ends a lease that others wait for.
   */
  cleanUp(lease: Lease, isSpared: (position: number) => boolean, wakeWaiters = false): void {
    lease.releaseBegan = true;
    if (this.settings.nodes.every((_, position) => isSpared(position))) return;
    const keepMs = Math.ceil(lease.keepUntilMs - this.settings.clock.now());
    const request = releaseRequestOf(lease, keepMs, wakeWaiters);
    void holdRound<ReleaseVote>(new ReleaseCall(this.callContext(), lease, request, isSpared));
  }

  /**
   * The context of a quorum call. A node gets the node timeout, or the rest of the lease's validity if that is
   * less.
   *
   * @param validMs the rest of the validity
   */
  callContext(validMs = Infinity): CallContext {
    const { patient } = this;
    return validMs >= patient.timeoutMs ? patient : { ...patient, timeoutMs: validMs };
  }

  /** The context of a quorum call for a lease that has lasted for a while. */
  callContextFor(lease: Lease): CallContext {
    return this.callContext(remainingMs(this.settings.clock, lease));
  }
}

const SHORTEST_TTL_MS = 1;

function isDenial(round: RoundResult<AcquireVote>): (position: number) => boolean {
  return (position) => round.votes[position]?.kind === 'denied';
}

export function notAgain(): undefined {
  // A hand-over ends a lease in the same round, so that round cannot be asked a second time.
}
