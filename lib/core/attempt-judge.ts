import { type Attempt, failedAttempt, notNumbered } from './attempt';
import type { FenceProposals } from './fence-proposals';
import { isAgreedOn, RaiseFenceQuestion, tokenOf } from './fencing';
import { releaseRequestOf, type Hold } from './hold';
import type { AcquireVote, FenceRequest, LockNode, RaiseFenceVote, ReleaseVote } from './lock-node.interface';
import { withoutGuarded } from './node-guard';
import { type Asking, ReleaseQuestion } from './questions';
import { isWon } from './quorum';
import type { RedlockSettings } from './redlock-settings.interface';
import { holdRound, type RoundResult } from './round';
import { remainingMs } from './validity';

/** Decides what the votes of an attempt come to, and gives back what comes to nothing. */
export class AttemptJudge {
  constructor(
    private readonly settings: RedlockSettings,
    private readonly proposals: FenceProposals,
  ) {}

  /** The clock is read after everything else: slow votes may have used up the time that they granted (R3). */
  conclude(hold: Hold, round: RoundResult<AcquireVote>, endsAHold = false): Attempt {
    const { nodes, clock } = this.settings;
    const counted = this.countable(round);
    if (isWon(counted) && remainingMs(clock, hold.validity) > 0) {
      hold.wasWon = true;
      return { outcome: 'won', hold };
    }
    // A silent or failed node may have applied the request; one that denied has not.
    this.cleanUp(hold, isDenial(round), endsAHold);
    return failedAttempt(nodes, counted);
  }

  /** A node that turned out, while we asked, to have forgotten things may have forgotten this too. */
  private countable<V extends AcquireVote | RaiseFenceVote>(round: RoundResult<V>): RoundResult<V> {
    const { nodes, guard } = this.settings;
    return guard.isIdle ? round : withoutGuarded(round, nodes, guard);
  }

  /** A majority of the granting nodes must have the token before anybody sees it (R14). */
  async concludeFenced(
    hold: Hold,
    { keepMs }: FenceRequest,
    round: RoundResult<AcquireVote>,
    askAgain: () => Promise<Attempt> | undefined = notAgain,
    endsAHold = false,
  ): Promise<Attempt> {
    const grants = this.countable(round);
    if (!isWon(grants)) {
      const failed = this.conclude(hold, round, endsAHold);
      return askAgain() ?? failed;
    }
    const token = tokenOf(grants);
    this.proposals.saw(token);
    if (!isAgreedOn(grants, token)) {
      const request = { resources: hold.resources, ownerToken: hold.ownerToken, fence: token, keepMs };
      const asked = await holdRound(new RaiseFenceQuestion(this.asking(hold), request, grants));
      const raised = this.countable(asked);
      if (!isWon(raised)) {
        this.cleanUp(hold, isDenial(round), endsAHold);
        return notNumbered(this.settings.nodes, raised);
      }
    }
    hold.fencingToken = token;
    return this.conclude(hold, round, endsAHold);
  }

  /**
   * In the background: nobody waits for it, and no caller's signal stops it (R6). It wakes nobody (R7), unless a hold
   * ends with it that others wait for.
   */
  cleanUp(hold: Hold, isSpared: (position: number) => boolean, wakeWaiters = false): void {
    hold.releaseBegan = true;
    if (this.settings.nodes.every((_, position) => isSpared(position))) return;
    const keepMs = Math.ceil(hold.keepUntilMs - this.settings.clock.now());
    const request = releaseRequestOf(hold, keepMs, wakeWaiters);
    void holdRound<ReleaseVote>(new ReleaseQuestion(this.asking(), hold, request, isSpared));
  }

  /** A node has the node timeout; where a hold is at stake, not longer than that is valid. */
  asking(hold?: Hold): Asking {
    const { nodes, clock, nodeTimeoutMs, guard } = this.settings;
    const timeoutMs =
      hold === undefined ? nodeTimeoutMs : Math.min(nodeTimeoutMs, remainingMs(clock, hold.validity));
    return { nodes, clock, timeoutMs, guard, reap: this.reap };
  }

  private readonly reap = (hold: Hold, node: LockNode): void => {
    this.cleanUp(hold, (position) => this.settings.nodes[position] !== node);
  };
}

function isDenial(round: RoundResult<AcquireVote>): (position: number) => boolean {
  return (position) => round.votes[position]?.kind === 'denied';
}

export function notAgain(): undefined {
  // A hold that ends in the same step cannot do so twice.
}
