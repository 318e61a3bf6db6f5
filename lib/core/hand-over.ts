import type { Attempt, FailedAttempt } from './attempt';
import { type AttemptJudge, notAgain } from './attempt-judge';
import type { FenceProposals } from './fence-proposals';
import type { Lease } from './lease';
import type { AcquireRequest } from '../ports/lock-node.interface';
import { type Extension, type Release, releaseByReplacing, releaseByTakingOver } from './outcomes';
import { ReplaceQuestion } from './questions';
import { holdRound } from './round';
import { earlierOf, validForMs } from './validity';

/** Who gets the resources of a hold next. */
export interface Heir {
  readonly ttlMs: number;
  /** Its hold gets a fencing token, which only the nodes can give (R14). */
  readonly fencing: boolean;
  /** It may begin before the nodes have answered, on what is left of the hold that it gets. */
  readonly atOnce: boolean;
  readonly label?: string;
}

export interface HandOver {
  /** Of the heir. If it is not won, whatever there was is given back. */
  readonly attempt: Promise<Attempt>;
  /** Of the hold that ends. */
  readonly release: Promise<Release>;
}

interface HoldMaker {
  newHold(resources: readonly string[], ttlMs: number, label?: string): Lease;
  extend(hold: Lease, ttlMs: number): Promise<Extension>;
}

/** How one hold becomes another in one round, without a moment in which somebody else could get its resources. */
export class HandOvers {
  constructor(
    private readonly judge: AttemptJudge,
    private readonly proposals: FenceProposals,
    private readonly redlock: HoldMaker,
  ) {}

  /** The new hold has an owner token of its own, as after any attempt. */
  begin(old: Lease, heir: Heir): HandOver {
    old.releaseBegan = true;
    return heir.fencing ? this.replace(old, heir) : this.takeOver(old, heir);
  }

  /**
   * The heir's hold is `old` under another owner token: it lasts as long as that one would, and its first extension,
   * which is under way when this returns, writes the token. So it need not wait for the nodes, no more than a holder
   * waits for any extension: nobody else can have the resources before `old` ends.
   */
  private takeOver(old: Lease, { ttlMs, atOnce, label }: Heir): HandOver {
    const hold = this.redlock.newHold(old.resources, ttlMs, label);
    hold.validity = earlierOf(old.validity, hold.validity);
    hold.inherited = old;
    const confirmation = this.redlock.extend(hold, ttlMs);
    const attempt: Promise<Attempt> = atOnce
      ? Promise.resolve({ outcome: 'won', hold, confirmation })
      : confirmation.then((extension) =>
          extension.outcome === 'extended' ? { outcome: 'won', hold } : this.giveBack(hold, extension),
        );
    return { attempt, release: confirmation.then(releaseByTakingOver) };
  }

  private giveBack(hold: Lease, { outcome, votes }: Extension): FailedAttempt {
    this.judge.cleanUp(hold, nowhere, true);
    this.judge.cleanUpInherited(hold);
    const isBusy = outcome === 'gone';
    return {
      outcome: isBusy ? 'busy' : 'unavailable',
      votes,
      freeInMs: undefined,
      isSplit: false,
      holder: undefined,
    };
  }

  /** An attempt at resources that count as free where `old` has them: its number has to come from the nodes. */
  private replace(old: Lease, { ttlMs, label }: Heir): HandOver {
    const hold = this.redlock.newHold(old.resources, ttlMs, label);
    const fence = this.proposals.next();
    const request: AcquireRequest = {
      resources: hold.resources,
      ownerToken: hold.ownerToken,
      ttlMs,
      askHolderTtl: false,
      replaces: old.ownerToken,
      fence,
    };
    const round = holdRound(new ReplaceQuestion(this.judge.asking(validForMs(ttlMs)), hold, request, old));
    const attempt = round.then(async (votes) => {
      const result = await this.judge.concludeFenced(hold, fence, votes, notAgain, true);
      // Where the new one did not get through, the old one may still be: of several resources even after a denial.
      // A vote that is missing is a late one.
      const ifMissing = result.outcome === 'won' ? 'granted' : undefined;
      const isReplaced = (position: number) => (votes.votes[position]?.kind ?? ifMissing) === 'granted';
      this.judge.cleanUp(old, isReplaced, result.outcome !== 'won');
      return result;
    });
    return { attempt, release: round.then(releaseByReplacing) };
  }
}

function nowhere(): boolean {
  return false;
}
