import type { Clock } from './clock.interface';

/** A moment, read on both clocks. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export function readInstant(clock: Clock): Instant {
  return { monotonicMs: clock.now(), wallMs: clock.wallNow() };
}

/** Tells if two times may be equal, when each of them is wrong by at most the skew. */
export function areNear(a: number, b: number, skewMicros: number): boolean {
  return Math.abs(a - b) <= 2 * skewMicros;
}
