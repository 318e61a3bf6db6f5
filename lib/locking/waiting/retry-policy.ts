import type { FailedAttempt } from '../../core/attempt';
import type { Clock } from '../../ports/clock.interface';
import { collisionDelayMs, confirmDelayMs, outageDelayMs, pollDelayMs } from './backoff';

/**
 * The number of split votes in a row that count as chance collisions. After more of them, the waiter takes the
 * resource as held.
 */
const MOST_COLLISIONS = 4;

/**
 * The first in line asks so many times again if no majority has a holder. Of these attempts some follow one another at
 * once, and deny one another.
 */
const MOST_CONFIRMATIONS_IN_TURN = 6;

/** Spreads waiters whose ttl ends at the same moment. */
const SPREAD_MS = 5;

/** A waiter that hears of releases asks again after this time if the nodes do not tell the holder's ttl. */
const UNKNOWN_HOLD_MS = 1_000;

/**
 * A waiter asks again after this time, whatever the nodes tell. Nobody tells of a key that is deleted by hand,
 * which is the only end of a key that another program wrote without an expiry.
 */
const LONGEST_SLEEP_MS = 10_000;

/** Decides when a waiter asks again, and if it asks the leading node before the others. */
export class RetryPolicy {
  /** True if other waiters are likely to make an attempt at the same moment. */
  leaderFirst = false;

  /**
   * The numbers of failed attempts in a row, without a hint in between: those with some of the votes, and the
   * others.
   */
  private splits = 0;
  private denials = 0;
  /** True if it was told that it is its turn, and may still believe that. So nobody else is expected to ask. */
  private isCalled = false;
  /** True if the last attempt was taken as one of `denials`. */
  private wasDenied = false;

  /** @param startedAtMs the begin of the last attempt */
  constructor(
    private readonly around: { readonly clock: Clock; fraction(): number },
    private startedAtMs: number,
  ) {}

  /**
   * Notes that an attempt begins.
   *
   * @returns true if it should ask the leading node first
   */
  begin(): boolean {
    const { leaderFirst } = this;
    // If no hint ends the next sleep, it ends for this waiter alone. Then all nodes are asked: the leading node
    // may have a key that nobody releases, and does not know for how long the others are taken.
    this.leaderFirst = false;
    this.startedAtMs = this.around.clock.now();
    return leaderFirst;
  }

  /**
   * Notes that the nodes told of a release.
   *
   * @param isCalled true if a majority told that it is the waiter's turn in line
   */
  hear(leaderFirst: boolean, isCalled = false): void {
    this.isCalled ||= isCalled;
    this.splits = 0;
    this.denials = 0;
    this.leaderFirst = leaderFirst;
  }

  /**
   * The time to sleep after `failed`.
   *
   * @param attempts the number of attempts so far
   * @param isHeld true if a majority has a holder
   * @param isTold true if the waiter would hear of a release
   * @param isFirst true if only an exclusive holder is in the way, and nobody stands before the waiter in the lines
   * @param isBehind true if others stand before the waiter in the lines
   */
  sleepMs(
    failed: FailedAttempt,
    attempts: number,
    {
      isHeld,
      isTold,
      isFirst,
      isBehind,
    }: {
      readonly isHeld: boolean;
      readonly isTold: boolean;
      readonly isFirst: boolean;
      readonly isBehind: boolean;
    },
  ): number {
    const fraction = this.around.fraction();
    this.wasDenied = false;
    if (failed.outcome === 'unavailable') return outageDelayMs(attempts, fraction);
    // A waiter that is denied in its turn mostly met what an attempt of its own had got a moment ago.
    const isCollision = failed.isSplit || (this.isCalled && !isBehind);
    if (isCollision && !isHeld) {
      const delayMs = this.collisionMs(fraction);
      if (delayMs !== undefined) return delayMs;
    }
    this.isCalled = false;
    this.wasDenied = true;
    this.denials += 1;
    // The sleep is a little longer: nodes round their ttls down, and others wait for the same moment.
    const heldForMs = Math.min(failed.freeInMs ?? UNKNOWN_HOLD_MS, LONGEST_SLEEP_MS);
    const untilFreeMs = heldForMs + 1 + fraction * SPREAD_MS;
    if (isTold) {
      // Who stands behind others need not find out if it is really held. The first in line does that, and is waited
      // for.
      if (isBehind) return untilFreeMs;
      const confirmations = isFirst && !isHeld ? MOST_CONFIRMATIONS_IN_TURN : 1;
      const isConfirmed = this.denials > confirmations;
      return isConfirmed ? untilFreeMs : Math.min(untilFreeMs, confirmDelayMs(fraction, isFirst));
    }
    // Many waiters may be polling. So every other attempt asks the leading node first, as one of many, and the
    // rest ask all nodes.
    this.leaderFirst = attempts % 2 === 0;
    return Math.min(untilFreeMs, pollDelayMs(attempts, fraction));
  }

  /**
   * Notes that the last attempt, which denials had decided, has got a vote after all.
   *
   * @returns the time to sleep from now on. Undefined: as long as it was to be
   */
  learnOfSplit(): number | undefined {
    if (!this.wasDenied) return undefined;
    this.wasDenied = false;
    const delayMs = this.collisionMs(this.around.fraction());
    if (delayMs !== undefined) this.denials -= 1;
    return delayMs;
  }

  /**
   * The time to sleep after an attempt with split votes. Undefined after several of them in a row: then the holder
   * may be missing on a node, which grants to everybody.
   */
  collisionMs(fraction: number, most = MOST_COLLISIONS, longestTookMs = Infinity): number | undefined {
    if (this.splits >= most) return undefined;
    this.splits += 1;
    // Every other attempt asks the leading node first, so that callers get its vote one by one. The others ask all
    // nodes, since the leading node may have a key of nobody who counts.
    this.leaderFirst = this.splits % 2 === 1;
    const tookMs = Math.min(longestTookMs, this.around.clock.now() - this.startedAtMs);
    return collisionDelayMs(this.splits, tookMs, fraction);
  }
}
