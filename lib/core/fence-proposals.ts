import type { Clock } from '../ports/clock.interface';
import { areNear } from '../ports/times';
import { type FencingSettings, UncountedGrant } from './fencing';
import type { AcquireVote, FenceRequest } from '../ports/lock-node.interface';
import { cannotBeWon } from './quorum';
import type { RoundResult } from './round';

/** Makes the proposals of one client: a time in microseconds, later than every token that the client has seen. */
export class FenceProposals {
  private last = 0;
  /**
   * The clock of this process is behind the nodes' clocks by this much. 0 until the nodes have shown that it is
   * wrong.
   */
  private behindMicros = 0;

  constructor(
    private readonly clock: Pick<Clock, 'wallNow'>,
    private readonly settings: FencingSettings,
  ) {}

  next(): FenceRequest {
    const { skewMs, keepMs } = this.settings;
    const nowMicros = this.clockMicros() + this.behindMicros;
    // Another client's clock may be ahead, and we follow its tokens so that nodes agree. But we do not go so far
    // ahead that the nodes would not accept the proposal.
    const following = Math.min(this.last + 1, nowMicros + (skewMs * 1_000) / 2);
    this.last = Math.floor(Math.max(nowMicros, following));
    return { proposal: this.last, skewMicros: Math.floor(skewMs * 1_000), keepMs };
  }

  /** Notes a token that was given out. The next proposal is larger. */
  saw(token: number): void {
    this.last = Math.max(this.last, token);
  }

  /**
   * Returns a better proposal if this process's own clock may be the wrong one. That may be so if there would be a
   * majority together with the nodes whose numbers are far from the proposal. From now on the proposals follow the
   * time of most of these nodes.
   */
  corrected(round: RoundResult<AcquireVote>): FenceRequest | undefined {
    const skewMicros = Math.floor(this.settings.skewMs * 1_000);
    const numbers = round.votes.flatMap((vote) =>
      vote instanceof UncountedGrant ? (vote.number ?? []) : [],
    );
    const { nodes, denied, failed } = round;
    if (cannotBeWon({ nodes, granted: 0, denied, failed: failed - numbers.length })) return undefined;
    const proposal = middleOfMost(numbers, skewMicros);
    if (proposal === undefined) return undefined;
    this.behindMicros = proposal - this.clockMicros();
    return { proposal, skewMicros, keepMs: this.settings.keepMs };
  }

  private clockMicros(): number {
    return Math.floor(this.clock.wallNow() * 1_000);
  }
}

/**
 * Finds the largest group of numbers that are near each other, and returns one that is near them all. Undefined if
 * there are no numbers.
 */
function middleOfMost(numbers: readonly number[], skewMicros: number): number | undefined {
  let best: readonly number[] = [];
  for (const least of numbers) {
    const near = numbers.filter((number) => number >= least && areNear(number, least, skewMicros));
    if (near.length > best.length) best = near;
  }
  return best.length === 0 ? undefined : Math.floor((Math.min(...best) + Math.max(...best)) / 2);
}
