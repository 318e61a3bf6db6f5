import type { Attempt, FailedAttempt } from './attempt';
import { type AttemptJudge, notAgain } from './attempt-judge';
import type { FenceProposals } from './fence-proposals';
import type { Lease } from './lease';
import type { AcquireRequest } from '../ports/lock-node.interface';
import { type Extension, type Release, releaseByReplacing, releaseByTakingOver } from './outcomes';
import { ReplaceCall } from './quorum-calls';
import { holdRound } from './round';
import { earlierOf, validForMs } from './validity';

/** Who gets the resources of a lease next. */
export interface Successor {
  readonly ttlMs: number;
  /** Its lease gets a fencing token, which only the nodes can give (R14). */
  readonly fencing: boolean;
  /** It may begin before the nodes have answered, on what is left of the lease that it gets. */
  readonly atOnce: boolean;
  readonly label?: string;
}

export interface HandoverRound {
  /** The attempt of the successor. If it is not won, what it has on the nodes is cleaned up. */
  readonly attempt: Promise<Attempt>;
  /** The release of the lease that ends. */
  readonly release: Promise<Release>;
}

interface LeaseMaker {
  newLease(resources: readonly string[], ttlMs: number, label?: string): Lease;
  extend(lease: Lease, ttlMs: number): Promise<Extension>;
}

/** How one lease becomes another in one round, without a moment in which somebody else could get its resources. */
export class Handovers {
  constructor(
    private readonly judge: AttemptJudge,
    private readonly proposals: FenceProposals,
    private readonly redlock: LeaseMaker,
  ) {}

  /** The new lease has an owner token of its own, as after any attempt. */
  begin(old: Lease, successor: Successor): HandoverRound {
    old.releaseBegan = true;
    return successor.fencing ? this.replace(old, successor) : this.takeOver(old, successor);
  }

  /**
   * The successor's lease is `old` under another owner token: it lasts as long as that one would, and its first extension,
   * which is under way when this returns, writes the token. So it need not wait for the nodes, no more than a holder
   * waits for any extension: nobody else can have the resources before `old` ends.
   */
  private takeOver(old: Lease, { ttlMs, atOnce, label }: Successor): HandoverRound {
    const lease = this.redlock.newLease(old.resources, ttlMs, label);
    lease.validity = earlierOf(old.validity, lease.validity);
    lease.inherited = old;
    // The very permits; its own place in the lines it never had.
    if (old.sharing !== undefined)
      lease.sharing = { ...old.sharing, places: undefined, mayHaveStrays: false, awaited: 0 };
    const confirmation = this.redlock.extend(lease, ttlMs);
    const attempt: Promise<Attempt> = atOnce
      ? Promise.resolve({ outcome: 'won', lease, confirmation })
      : confirmation.then((extension) =>
          extension.outcome === 'extended' ? { outcome: 'won', lease } : this.giveBack(lease, extension),
        );
    return { attempt, release: confirmation.then(releaseByTakingOver) };
  }

  private giveBack(lease: Lease, { outcome, votes }: Extension): FailedAttempt {
    this.judge.cleanUp(lease, nowhere, true);
    this.judge.cleanUpInherited(lease);
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
  private replace(old: Lease, { ttlMs, label }: Successor): HandoverRound {
    const lease = this.redlock.newLease(old.resources, ttlMs, label);
    const fence = this.proposals.next();
    const request: AcquireRequest = {
      resources: lease.resources,
      ownerToken: lease.ownerToken,
      ttlMs,
      askHolderTtl: false,
      replaces: old.ownerToken,
      fence,
    };
    const round = holdRound(new ReplaceCall(this.judge.callContext(validForMs(ttlMs)), lease, request, old));
    const attempt = round.then(async (votes) => {
      const result = await this.judge.concludeFenced(lease, fence, votes, notAgain, true);
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
