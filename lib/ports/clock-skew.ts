/** Tells if two times may be equal, when each of them is wrong by at most the skew. */
export function areNear(a: number, b: number, skewMicros: number): boolean {
  return Math.abs(a - b) <= 2 * skewMicros;
}
