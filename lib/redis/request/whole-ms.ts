/** Rounds up, never down: the node must not forget earlier than the caller expects. */
export function wholeMs(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
