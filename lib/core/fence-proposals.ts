import type { Clock } from '../ports/clock.interface';
import { areNear } from './clock-skew';
import { type FencingSettings, UncountedGrant } from './fencing';
import type { AcquireVote, FenceRequest } from '../ports/lock-node.interface';
import { cannotBeWon } from './quorum';
import type { RoundResult } from './round';

/** Makes the proposals of one client: the time in microseconds, later than all that it has seen so far. */
export class FenceProposals {
  private last = 0;
  /** How far the clock of this process is behind that of the nodes, once they have shown that it is wrong. */
  private behindMicros = 0;

  constructor(
    private readonly clock: Pick<Clock, 'wallNow'>,
    private readonly settings: FencingSettings,
  ) {}

  next(): FenceRequest {
    const { skewMs, keepMs } = this.settings;
    const nowMicros = this.clockMicros() + this.behindMicros;
    // Somebody whose clock is ahead is followed, so that nodes agree, but not to where they would not believe us.
    const following = Math.min(this.last + 1, nowMicros + (skewMs * 1_000) / 2);
    this.last = Math.floor(Math.max(nowMicros, following));
    return { proposal: this.last, skewMicros: Math.floor(skewMs * 1_000), keepMs };
  }

  /** A token that was given out: the next proposal is larger. */
  saw(token: number): void {
    this.last = Math.max(this.last, token);
  }

  /**
   * What to propose instead, where it may be this process whose clock is wrong: with those that numbered far from the
   * proposal there would be a majority. From now on it goes by the time of most of them.
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
 * Takes the largest group of numbers that are near each other, and returns one that is near them all. Undefined
 * without any number.
 */
function middleOfMost(numbers: readonly number[], skewMicros: number): number | undefined {
  let best: readonly number[] = [];
  for (const least of numbers) {
    const near = numbers.filter((number) => number >= least && areNear(number, least, skewMicros));
    if (near.length > best.length) best = near;
  }
  return best.length === 0 ? undefined : Math.floor((Math.min(...best) + Math.max(...best)) / 2);
}
