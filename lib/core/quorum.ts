/** The number of nodes that make a majority of `nodeCount` nodes. Two majorities always share a node. */
export function quorumOf(nodeCount: number): number {
  return Math.floor(nodeCount / 2) + 1;
}

/** The votes of a round so far. The other nodes have not answered yet. */
export interface Tally {
  readonly nodes: number;
  readonly granted: number;
  readonly denied: number;
  readonly failed: number;
}

export function isWon(tally: Tally): boolean {
  return tally.granted >= quorumOf(tally.nodes);
}

/** Tells if no majority of grants is possible, even if every missing vote were a grant (R1; ties included). */
export function cannotBeWon(tally: Tally): boolean {
  return tally.nodes - tally.denied - tally.failed < quorumOf(tally.nodes);
}

/** Tells if a majority denies. Then the other votes cannot change the result. */
export function isDeniedByQuorum(tally: Tally): boolean {
  return tally.denied >= quorumOf(tally.nodes);
}

/** Tells if no majority of denials is possible, even if every missing vote were a denial. */
export function cannotBeDeniedByQuorum(tally: Tally): boolean {
  return tally.nodes - tally.granted - tally.failed < quorumOf(tally.nodes);
}

/** Tells if a majority grants or denies, or if neither side can reach a majority any more. */
export function isAgreed(tally: Tally): boolean {
  return isWon(tally) || isDeniedByQuorum(tally) || (cannotBeWon(tally) && cannotBeDeniedByQuorum(tally));
}

/**
 * Tells if so many nodes failed that the others are no majority. Then nobody can say anything about the resource.
 */
export function isOutOfReach(tally: Tally): boolean {
  return tally.nodes - tally.failed < quorumOf(tally.nodes);
}

/**
 * The time in milliseconds after which a majority of the nodes may be free, if nobody extends or releases what is
 * in the way. `free` nodes may be free now, and `holderTtlsMs` has what the denying nodes told. Undefined: they
 * told too little.
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
