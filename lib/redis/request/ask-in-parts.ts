import type {
  AcquireVote,
  ExtendVote,
  FailedVote,
  RaiseFenceVote,
  ReleaseVote,
} from '../../ports/lock-node.interface';

type Part = readonly string[];

/**
 * Asks for each part by itself, and calls `done` with all the votes, by position of the part.
 *
 * A Redis Cluster counts as one node, but keys of several slots can be on several of its servers. Any other node has
 * a single part.
 */
export function askInParts<V>(
  parts: readonly Part[],
  ask: (part: Part, vote: (vote: V) => void) => void,
  done: (votes: readonly V[]) => void,
): void {
  const votes = new Array<V>(parts.length);
  let missing = parts.length;
  parts.forEach((part, position) => {
    ask(part, (vote) => {
      votes[position] = vote;
      missing -= 1;
      if (missing === 0) done(votes);
    });
  });
}

/** The most cautious vote of the parts wins: failed says that nothing is known, denied that a part is not ours. */
export function mergeAcquireVotes(votes: readonly AcquireVote[]): AcquireVote {
  const failed = failedOf(votes);
  if (failed !== undefined) return failed;
  const denied = votes.filter((vote) => vote.kind === 'denied');
  if (denied.length === 0) {
    return mergeGrants(votes.filter((vote) => vote.kind === 'granted'));
  }
  return denied.reduce((one, other) => ((other.holderTtlMs ?? -1) > (one.holderTtlMs ?? -1) ? other : one));
}

function mergeGrants(grants: readonly Extract<AcquireVote, { kind: 'granted' }>[]): AcquireVote {
  const fences = grants.flatMap(({ fence }) => fence ?? []);
  return {
    kind: 'granted',
    ...(grants.every(({ replaced }) => replaced) ? { replaced: true } : {}),
    // A part without a number makes the whole one without.
    ...(fences.length === grants.length ? { fence: Math.max(...fences) } : {}),
    ...(new Set(fences).size > 1 ? { isFenceUneven: true } : {}),
  };
}

export function mergeRaiseFenceVotes(votes: readonly RaiseFenceVote[]): RaiseFenceVote {
  return failedOf(votes) ?? votes.find(({ kind }) => kind === 'denied') ?? { kind: 'granted' };
}

export function mergeExtendVotes(votes: readonly ExtendVote[]): ExtendVote {
  const failed = failedOf(votes);
  if (failed !== undefined) return failed;
  const denied = votes.filter((vote) => vote.kind === 'denied');
  if (denied.length === 0) return { kind: 'granted' };
  return { kind: 'denied', healed: denied.some(({ healed }) => healed) };
}

export function mergeReleaseVotes(votes: readonly ReleaseVote[]): ReleaseVote {
  const failedOrDenied = failedOf(votes) ?? votes.find(({ kind }) => kind === 'denied');
  if (failedOrDenied !== undefined) return failedOrDenied;
  const waiting = Math.max(...votes.map((vote) => (vote.kind === 'granted' ? (vote.waiting ?? 0) : 0)));
  return waiting > 0 ? { kind: 'granted', waiting } : { kind: 'granted' };
}

function failedOf(
  votes: readonly (AcquireVote | ExtendVote | RaiseFenceVote | ReleaseVote)[],
): FailedVote | undefined {
  return votes.find((vote) => vote.kind === 'failed');
}
