import type { FailedAttempt } from '../../core/attempt';
import type { Clock } from '../../ports/clock.interface';
import { collisionDelayMs, confirmDelayMs, outageDelayMs, pollDelayMs } from './backoff';

/** How many split votes in a row count as chance collisions before the waiter stops believing so. */
const MOST_COLLISIONS = 4;

/** Spreads waiters whose ttl ends at the same moment. */
const SPREAD_MS = 5;

/** A waiter that is told of releases asks again after this time where the nodes do not say for how long it is held. */
const UNKNOWN_HOLD_MS = 1_000;

/**
 * And after this time whatever they say: nobody tells of a key that is deleted by hand, as one has to be that another
 * program wrote without an expiry.
 */
const LONGEST_SLEEP_MS = 10_000;

/** Decides when a waiter asks again, and whether it asks the leading node before the others. */
export class RetryPolicy {
  /** The next attempt is one of several at the same moment. */
  leaderFirst = false;

  /** Failed attempts in a row, without a hint in between: those that got a part of the votes, and the others. */
  private splits = 0;
  private denials = 0;

  /** @param startedAtMs when the last attempt began */
  constructor(
    private readonly around: { readonly clock: Clock; fraction(): number },
    private startedAtMs: number,
  ) {}

  /**
   * An attempt begins.
   *
   * @returns whether it asks the leading node first
   */
  begin(): boolean {
    const { leaderFirst } = this;
    // Whatever ends the next sleep, if not a hint, ends it for us alone. All nodes are asked then: the leading node may
    // have a key that nobody releases, and does not know for how long the others are taken.
    this.leaderFirst = false;
    this.startedAtMs = this.around.clock.now();
    return leaderFirst;
  }

  /** The nodes told of a release. */
  hear(leaderFirst: boolean): void {
    this.splits = 0;
    this.denials = 0;
    this.leaderFirst = leaderFirst;
  }

  /**
   * For how long to sleep after `failed`.
   *
   * @param attempts how many there were so far
   * @param isHeld whether a majority has a holder
   * @param isTold whether a release would be heard of
   */
  sleepMs(
    failed: FailedAttempt,
    attempts: number,
    { isHeld, isTold }: { readonly isHeld: boolean; readonly isTold: boolean },
  ): number {
    const fraction = this.around.fraction();
    if (failed.outcome === 'unavailable') return outageDelayMs(attempts, fraction);
    if (failed.isSplit && !isHeld) {
      const delayMs = this.collisionMs(fraction);
      if (delayMs !== undefined) return delayMs;
    }
    this.denials += 1;
    // A little more: nodes round their ttls down, and others wait for the same moment.
    const heldForMs = Math.min(failed.freeInMs ?? UNKNOWN_HOLD_MS, LONGEST_SLEEP_MS);
    const untilFreeMs = heldForMs + 1 + fraction * SPREAD_MS;
    if (isTold) return this.denials > 1 ? untilFreeMs : Math.min(untilFreeMs, confirmDelayMs(fraction));
    // Many may be polling: every other time as one of them, and every other time on its own.
    this.leaderFirst = attempts % 2 === 0;
    return Math.min(untilFreeMs, pollDelayMs(attempts, fraction));
  }

  /**
   * For how long to sleep after an attempt that told nothing for sure, since several asked at the same moment. Undefined
   * when it was so several times in a row: a holder may be missing on a node, which then grants to everybody.
   */
  collisionMs(fraction: number, most = MOST_COLLISIONS, longestTookMs = Infinity): number | undefined {
    if (this.splits >= most) return undefined;
    this.splits += 1;
    // One by one, in turn with a try at all nodes: the leading one may be taken by nobody who counts.
    this.leaderFirst = this.splits % 2 === 1;
    const tookMs = Math.min(longestTookMs, this.around.clock.now() - this.startedAtMs);
    return collisionDelayMs(this.splits, tookMs, fraction);
  }
}
