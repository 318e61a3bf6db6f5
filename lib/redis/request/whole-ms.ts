/** Up, never down: the node must not forget earlier than the caller counts on. */
export function wholeMs(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
