/** What one node answered in the attempt that an error tells about. */
export interface NodeVote {
  /** The node's name, free of secrets. */
  readonly node: string;
  /** `pending`: the attempt was decided before this node answered. */
  readonly vote: 'granted' | 'denied' | 'failed' | 'pending';
  /** Why a failed vote failed. */
  readonly error?: Error;
}

/** "a denied, b failed (connect ECONNREFUSED), c pending" */
export function describeVotes(votes: readonly NodeVote[]): string {
  return votes
    .map(({ node, vote, error }) => `${node} ${vote}${error === undefined ? '' : ` (${error.message})`}`)
    .join(', ');
}
