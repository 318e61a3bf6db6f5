import type { Clock, Timer } from '../ports/clock.interface';
import { systemClock } from '../system/system-clock';

/** So many callers of one turn of the event loop need not wait for the next one. */
const MOST_AT_ONCE = 100;

/**
 * The clock of the process, which follows its timers: when a timer runs early, the clock goes forward to the time
 * of that timer. So a test that moves timers moves the locks, whether its fake timers move the clocks too (modern)
 * or not (legacy).
 */
export class TestingClock implements Clock {
  private aheadMs = 0;
  private wallAheadMs = 0;
  /** The number of calls of `inLaterTurn` in this turn of the event loop. */
  private timesInTurn = 0;

  now(): number {
    return systemClock.now() + this.aheadMs;
  }

  wallNow(): number {
    return systemClock.wallNow() + this.wallAheadMs;
  }

  schedule(delayMs: number, callback: () => void, options?: { background?: boolean }): Timer {
    const [dueAtMs, wallDueAtMs] = [this.now() + delayMs, this.wallNow() + delayMs];
    return systemClock.schedule(
      delayMs,
      () => {
        // Each clock is moved by itself: while the system corrects its wall clock, that clock runs slower or
        // faster than the other.
        this.aheadMs += Math.max(0, dueAtMs - this.now());
        this.wallAheadMs += Math.max(0, wallDueAtMs - this.wallNow());
        callback();
      },
      options,
    );
  }

  /**
   * Nodes in the process answer at once, so there is nothing to wait for. And fake timers would hold back an
   * immediate.
   */
  afterArrivedReplies(callback: () => void): void {
    void Promise.resolve().then(callback);
  }

  /**
   * A test that has moved its timers looks at once at what came of it. So this comes at once too, but not for a caller
   * that asks again and again: that one would keep the test from all else.
   */
  inLaterTurn(callback: () => void): void {
    if (this.timesInTurn === 0) {
      systemClock.inLaterTurn(() => {
        this.timesInTurn = 0;
      });
    }
    this.timesInTurn += 1;
    if (this.timesInTurn > MOST_AT_ONCE) systemClock.inLaterTurn(callback);
    else this.afterArrivedReplies(callback);
  }
}
