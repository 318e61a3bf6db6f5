/**
 * Delays between attempts, in milliseconds. `fraction` is random, so that waiters do not ask at the same moments
 * (R7).
 */

const FIRST_POLL_MS = 8;
const LONGEST_POLL_MS = 128;

/** The delay before asking again for a resource that is held, when the nodes do not tell of a release. */
export function pollDelayMs(attempt: number, fraction: number): number {
  return jitter(growing(FIRST_POLL_MS, LONGEST_POLL_MS, attempt), fraction);
}

const FIRST_COLLISION_MS = 2;
const LONGEST_COLLISION_MS = 32;

/**
 * The delay after split votes: several callers asked at the same moment, and each released what it got.
 *
 * @param tookMs the duration of the attempt. After a shorter delay the same callers would collide again
 */
export function collisionDelayMs(attempt: number, tookMs: number, fraction: number): number {
  return jitter(Math.max(tookMs, growing(FIRST_COLLISION_MS, LONGEST_COLLISION_MS, attempt)), fraction);
}

const CONFIRM_MS = 30;
const CONFIRM_IN_TURN_MS = 15;

/**
 * The delay before asking a second time if the resource is really held. The vote that denied may come from a
 * failed attempt of another caller, whose clean-up tells nobody.
 *
 * @param isFirst true for the first in line. All others wait for it meanwhile, so its delay is shorter
 */
export function confirmDelayMs(fraction: number, isFirst: boolean): number {
  return jitter(isFirst ? CONFIRM_IN_TURN_MS : CONFIRM_MS, fraction);
}

const FIRST_OUTAGE_MS = 25;
const LONGEST_OUTAGE_MS = 400;

/** The delay before asking again when too few nodes answered. */
export function outageDelayMs(attempt: number, fraction: number): number {
  return jitter(growing(FIRST_OUTAGE_MS, LONGEST_OUTAGE_MS, attempt), fraction);
}

function growing(first: number, longest: number, attempt: number): number {
  return Math.min(longest, first * 2 ** Math.min(attempt - 1, 10));
}

function jitter(delayMs: number, fraction: number): number {
  return delayMs * (0.5 + fraction);
}
