import type { Clock } from '../ports/clock.interface';
import type { Instant } from '../ports/times';

/** The moment until which a lock is certainly ours, on both clocks. It ends when the first of them says so (R4). */
export interface Validity {
  /** On the monotonic clock. */
  readonly validUntilMs: number;
  /** On the wall clock. */
  readonly validUntilWallMs: number;
}

/**
 * The most by which the clocks of nodes and client may differ within a ttl: 1 % for their rates, and 2 ms for a
 * node's expiry, which has a precision of 1 ms (R3).
 */
export function driftMs(ttlMs: number): number {
  return ttlMs * 0.01 + 2;
}

/** The part of a ttl in which the lock is certain. */
export function validForMs(ttlMs: number): number {
  return ttlMs - driftMs(ttlMs);
}

/**
 * The validity that begins at `start`. It ends up to a millisecond early, since it has whole milliseconds: a number
 * with fractions needs an object of its own, and very many locks may be held.
 *
 * @param start is read before the first request leaves: a node's timer may start at any moment after that (R3)
 */
export function validityFrom(start: Instant, ttlMs: number): Validity {
  const lastsMs = validForMs(ttlMs);
  return {
    validUntilMs: Math.floor(start.monotonicMs + lastsMs),
    validUntilWallMs: Math.floor(start.wallMs + lastsMs),
  };
}

/** The rest of the validity in milliseconds; 0 when it is over. */
export function remainingMs(clock: Clock, validity: Validity): number {
  return Math.max(
    0,
    Math.min(validity.validUntilMs - clock.now(), validity.validUntilWallMs - clock.wallNow()),
  );
}

export function earlierOf(a: Validity, b: Validity): Validity {
  return {
    validUntilMs: Math.min(a.validUntilMs, b.validUntilMs),
    validUntilWallMs: Math.min(a.validUntilWallMs, b.validUntilWallMs),
  };
}
