/** Delays between attempts, in milliseconds. `fraction` is random, so that waiters do not move in step (R7). */

const FIRST_POLL_MS = 8;
const LONGEST_POLL_MS = 128;

/** The delay before asking again for a resource that is held, when the nodes do not tell of a release. */
export function pollDelayMs(attempt: number, fraction: number): number {
  return jitter(growing(FIRST_POLL_MS, LONGEST_POLL_MS, attempt), fraction);
}

const FIRST_COLLISION_MS = 2;
const LONGEST_COLLISION_MS = 32;

/**
 * Before asking again when votes were split: several asked at the same moment, and each gave back what it got.
 *
 * @param tookMs how long the attempt took: who waits for less meets the same others again
 */
export function collisionDelayMs(attempt: number, tookMs: number, fraction: number): number {
  return jitter(Math.max(tookMs, growing(FIRST_COLLISION_MS, LONGEST_COLLISION_MS, attempt)), fraction);
}

const CONFIRM_MS = 30;

/**
 * Before asking a second time whether it is really held. What denied may have been an attempt that failed itself, and
 * its clean-up tells nobody.
 */
export function confirmDelayMs(fraction: number): number {
  return jitter(CONFIRM_MS, fraction);
}

const FIRST_OUTAGE_MS = 25;
const LONGEST_OUTAGE_MS = 400;

/** The delay before asking again when too few nodes answered. */
export function outageDelayMs(attempt: number, fraction: number): number {
  return jitter(growing(FIRST_OUTAGE_MS, LONGEST_OUTAGE_MS, attempt), fraction);
}

/** The time from an acquire or extension to the next extension: about a third of the ttl, so that two may fail. */
export function extendDelayMs(ttlMs: number, fraction: number): number {
  return (ttlMs / 3) * (0.9 + 0.2 * fraction);
}

const LONGEST_GRAIN_MS = 20;

/**
 * When to extend a lock, on the same clock as `nowMs`. Moments are rounded up to a grain that is small against the ttl:
 * of 100,000 locks many come due together, and travel together.
 */
export function extendAtMs(nowMs: number, ttlMs: number, fraction: number): number {
  const grainMs = Math.min(LONGEST_GRAIN_MS, ttlMs / 50);
  return Math.ceil((nowMs + extendDelayMs(ttlMs, fraction)) / grainMs) * grainMs;
}

const SHORTEST_EXTEND_RETRY_MS = 10;

/**
 * The delay after an extension that too few nodes answered: short enough to use the time that is left, and no hot
 * loop.
 */
export function extendRetryDelayMs(ttlMs: number, fraction: number): number {
  return jitter(Math.max(SHORTEST_EXTEND_RETRY_MS, ttlMs / 20), fraction);
}

function growing(first: number, longest: number, attempt: number): number {
  return Math.min(longest, first * 2 ** Math.min(attempt - 1, 10));
}

function jitter(delayMs: number, fraction: number): number {
  return delayMs * (0.5 + fraction);
}
