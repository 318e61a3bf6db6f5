import { setImmediate as setImmediateOfNode } from 'node:timers';
import type { Clock, Timer } from '../ports/clock.interface';
import { detached } from '../ports/detached';

/** The longest delay of a Node timer. With a longer delay, Node runs the timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** It is kept from when this file was loaded, so that no fake timers take its place. */
const setRealImmediate = setImmediateOfNode;

/** The clocks and timers of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),

  wallNow: () => Date.now(),

  schedule(delayMs, callback, options): Timer {
    return delayMs <= LONGEST_TIMER_MS
      ? startTimer(delayMs, callback, options?.background)
      : startLongTimer(delayMs, callback, options?.background);
  },

  // In a turn of the event loop, timers run before sockets are read, and immediates run after that.
  afterArrivedReplies(callback) {
    detached(setImmediate, callback);
  },

  inLaterTurn(callback) {
    detached(setRealImmediate, callback);
  },
};

function startTimer(delayMs: number, callback: () => void, background = false): Timer {
  const timer = detached(setTimeout, callback, delayMs);
  if (background) timer.unref();
  return {
    cancel: () => {
      clearTimeout(timer);
    },
  };
}

/** Starts a chain of timers. With `Infinity` it never ends, and costs one timer in 24 days. */
function startLongTimer(delayMs: number, callback: () => void, background?: boolean): Timer {
  let timer = startTimer(LONGEST_TIMER_MS, next, background);
  function next() {
    timer = systemClock.schedule(delayMs - LONGEST_TIMER_MS, callback, { background });
  }
  return {
    cancel: () => {
      timer.cancel();
    },
  };
}

/**
 * The two clocks are not read at the same moment, and the wall clock has whole milliseconds. So they may differ by
 * this much.
 */
const TOLERANCE_MS = 20;

/**
 * The clocks of a process, with a wall clock that is never set back. It measures how long a lock has been held.
 *
 * The wall clock is needed because it goes on while a virtual machine sleeps, and the monotonic clock does not. If
 * the wall clock were set back by a minute, a sleep of the next minute would count as no time at all. So the time
 * by which it is set back is added again, as soon as somebody reads it. The time by which it is set forward counts
 * as time that has passed.
 *
 * Do not use it for times that other machines read.
 */
export class SteadyClock implements Clock {
  /** The most by which the wall clock was ahead of the monotonic one since it was last set back. */
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

  inLaterTurn(callback: () => void): void {
    this.clock.inLaterTurn(callback);
  }
}
