import type { Clock, Timer } from '../ports/clock.interface';

/** Both clocks are not read at the same moment, and the wall clock is read in whole milliseconds. */
const TOLERANCE_MS = 20;

/**
 * The clocks of a process, with a wall clock that is never set back: for measuring how long a lock has been held.
 *
 * The wall clock is read because it goes on while a virtual machine sleeps, and the monotonic clock does not. A wall
 * clock that is set back by a minute would count a sleep of the next minute as no time at all. So what it is set back by
 * is added again from then on, as soon as somebody reads it. What it is set forward by counts as time that has passed.
 *
 * Not for times that other machines read.
 */
export class SteadyClock implements Clock {
  /** How far the wall clock was ahead of the monotonic one at the most, since it was last set back. */
  private aheadMs = -Infinity;
  private setBackMs = 0;

  constructor(private readonly clock: Clock) {}

  now(): number {
    return this.clock.now();
  }

  wallNow(): number {
    const nowMs = this.clock.now();
    const wallMs = this.clock.wallNow();
    const aheadMs = wallMs - nowMs;
    if (aheadMs > this.aheadMs) this.aheadMs = aheadMs;
    else if (aheadMs < this.aheadMs - TOLERANCE_MS) {
      this.setBackMs += this.aheadMs - aheadMs;
      this.aheadMs = aheadMs;
    }
    return wallMs + this.setBackMs;
  }

  schedule(delayMs: number, callback: () => void, options?: { background?: boolean }): Timer {
    return this.clock.schedule(delayMs, callback, options);
  }

  afterArrivedReplies(callback: () => void): void {
    this.clock.afterArrivedReplies(callback);
  }
}
