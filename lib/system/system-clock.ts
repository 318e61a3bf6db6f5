import type { Clock, Timer } from '../ports/clock.interface';
import { detached } from './detached';

/** The longest delay of a Node timer. With a longer delay, Node runs the timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

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
