import type { Attempt, FailedAttempt } from './attempt';
import { type AttemptJudge, notAgain } from './attempt-judge';
import type { FenceProposals } from './fence-proposals';
import { type Lease, type Extension, type Release, releaseByTakingOver, setValidity } from './lease';
import type { AcquireRequest } from '../ports/lock-node.interface';
import { ReplaceCall } from './replace-call';
import { holdRound } from './round';
import { earlierOf, validForMs } from './validity';

/** The next caller that gets the resources of a lease. */
export interface Successor {
  readonly ttlMs: number;
  /** The new lease gets a fencing token, which only the nodes can give (R14). */
  readonly fencing: boolean;
  /**
   * The successor may begin before the nodes have answered, with the rest of the validity of the lease that it
   * gets.
   */
  readonly atOnce: boolean;
  readonly label?: string;
}

export interface HandoverRound {
  /** The successor's attempt. If it is not won, its traces on the nodes are cleaned up. */
  readonly attempt: Promise<Attempt>;
  /** The release of the lease that ends. */
  readonly release: Promise<Release>;
}

interface LeaseMaker {
  newLease(resources: readonly string[], ttlMs: number, label?: string): Lease;
  extend(lease: Lease, ttlMs: number): Promise<Extension>;
}

/** Turns one lease into another in one round. There is no moment at which somebody else could get the resources. */
export class Handovers {
  constructor(
    private readonly judge: AttemptJudge,
    private readonly proposals: FenceProposals,
    private readonly redlock: LeaseMaker,
  ) {}

  /** Begins a hand-over. The new lease has an owner token of its own, as after any attempt. */
  begin(old: Lease, successor: Successor): HandoverRound {
    old.releaseBegan = true;
    return successor.fencing ? this.replace(old, successor) : this.takeOver(old, successor);
  }

  /**
   * Gives the successor `old` under another owner token. The new lease lasts as long as `old` would have. Its
   * first extension writes the new token; it is under way when this method returns. The successor need not wait
   * for the nodes, just as a holder does not wait for an extension: nobody else can have the resources before
   * `old` ends.
   */
  private takeOver(old: Lease, { ttlMs, atOnce, label }: Successor): HandoverRound {
    const lease = this.redlock.newLease(old.resources, ttlMs, label);
    setValidity(lease, earlierOf(old, lease));
    lease.inherited = old;
    // The successor gets exactly the same permits. It had no place in the lines under this token.
    if (old.sharing !== undefined)
      lease.sharing = { ...old.sharing, places: undefined, mayHaveStrays: false, awaited: 0 };
    const confirmation = this.redlock.extend(lease, ttlMs);
    const attempt: Promise<Attempt> = atOnce
      ? Promise.resolve({ outcome: 'won', lease, confirmation })
      : confirmation.then((extension) =>
          extension.outcome === 'extended' ? { outcome: 'won', lease } : this.cleanUp(lease, extension),
        );
    return { attempt, release: confirmation.then(releaseByTakingOver) };
  }

  private cleanUp(lease: Lease, { outcome, votes }: Extension): FailedAttempt {
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

  /**
   * Asks the nodes for a new lease. Resources that have the token of `old` count as free. This form is used for
   * fencing, since the number has to come from the nodes.
   */
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
    const call = new ReplaceCall(this.judge.callContext(validForMs(ttlMs)), lease, request, old);
    const round = holdRound(call);
    const attempt = round.then(async (votes) => {
      const result = await this.judge.concludeFenced(lease, fence, votes, notAgain, true);
      // If the new lease was not won, nodes may still have the old one. With several resources that is so even on
      // a node that denied. A vote that is missing will come late.
      const ifMissing = result.outcome === 'won' ? 'granted' : undefined;
      const isReplaced = (position: number) => (votes.votes[position]?.kind ?? ifMissing) === 'granted';
      this.judge.cleanUp(old, isReplaced, result.outcome !== 'won');
      return result;
    });
    return { attempt, release: round.then(() => call.released()) };
  }
}

function nowhere(): boolean {
  return false;
}
