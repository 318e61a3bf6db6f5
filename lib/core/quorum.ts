/** How many of `nodeCount` nodes make a majority: two majorities always share a node. */
export function quorumOf(nodeCount: number): number {
  return Math.floor(nodeCount / 2) + 1;
}

/** The votes of a round so far. The rest of the nodes has not answered yet. */
export interface Tally {
  readonly nodes: number;
  readonly granted: number;
  readonly denied: number;
  readonly failed: number;
}

export function isWon(tally: Tally): boolean {
  return tally.granted >= quorumOf(tally.nodes);
}

/** Even if every missing vote were a grant, there would be no majority of them (R1; ties included). */
export function cannotBeWon(tally: Tally): boolean {
  return tally.nodes - tally.denied - tally.failed < quorumOf(tally.nodes);
}

/** A majority denies: nothing that the other nodes say can change it. */
export function isDeniedByQuorum(tally: Tally): boolean {
  return tally.denied >= quorumOf(tally.nodes);
}

/** Even if every missing vote were a denial, there would be no majority of them. */
export function cannotBeDeniedByQuorum(tally: Tally): boolean {
  return tally.nodes - tally.granted - tally.failed < quorumOf(tally.nodes);
}

/** Whether so many nodes failed that the others are no majority. Then nobody can say anything about the resource. */
export function isOutOfReach(tally: Tally): boolean {
  return tally.nodes - tally.failed < quorumOf(tally.nodes);
}

/**
 * In how many milliseconds a majority of the nodes may be free, if nobody extends or releases what is in the way:
 * `free` nodes may be free now, and `holderTtlsMs` has what the denying ones told. Undefined: they told too little.
 */
export function quorumFreeInMs(
  nodeCount: number,
  free: number,
  holderTtlsMs: readonly number[],
): number | undefined {
  const missing = quorumOf(nodeCount) - free;
  if (missing <= 0) return 0;
  return [...holderTtlsMs].sort((a, b) => a - b)[missing - 1];
}
