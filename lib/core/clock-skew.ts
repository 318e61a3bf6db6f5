/** Clocks and counters that are each off by the skew at most. */
export function areNear(a: number, b: number, skewMicros: number): boolean {
  return Math.abs(a - b) <= 2 * skewMicros;
}
