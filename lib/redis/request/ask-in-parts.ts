import type {
  AcquireDenial,
  AcquireVote,
  ExtendVote,
  FailedVote,
  LeaveVote,
  RaiseFenceVote,
  ReleaseVote,
} from '../../ports/lock-node.interface';

type Part = readonly string[];

/**
 * Asks for each part by itself. Calls `done` with the vote of a single part, or with the result of `merge` for the
 * votes of several parts, in the order of the parts.
 *
 * A Redis Cluster counts as one node, but keys of several slots can be on several of its servers. Any other node
 * has a single part.
 */
export function askInParts<V>(
  parts: readonly Part[],
  ask: (part: Part, vote: (vote: V) => void) => void,
  merge: (votes: readonly V[]) => V,
  done: (vote: V) => void,
): void {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) {
    ask(first, done);
    return;
  }
  const votes = new Array<V>(parts.length);
  let missing = parts.length;
  // Without parts there is nothing to ask. That is so if all resources are held as a reader, which have no number
  // to raise.
  if (missing === 0) done(merge(votes));
  parts.forEach((part, position) => {
    ask(part, (vote) => {
      votes[position] = vote;
      missing -= 1;
      if (missing === 0) done(merge(votes));
    });
  });
}

/**
 * Merges the votes of the parts. The most cautious vote wins: failed says that nothing is known, denied that a
 * part is not ours.
 *
 * @param areNumbered tells which parts get a number, if one was asked for. By default all of them do; readers do
 *   not
 */
export function mergeAcquireVotes(
  votes: readonly AcquireVote[],
  areNumbered: readonly boolean[] = votes.map(() => true),
): AcquireVote {
  const failed = failedOf(votes);
  if (failed !== undefined) return failed;
  const denied = votes.filter((vote) => vote.kind === 'denied');
  if (denied.length > 0) return mergeDenials(denied);
  return mergeGrants(
    votes.filter((vote) => vote.kind === 'granted'),
    areNumbered.filter((isNumbered) => isNumbered).length,
  );
}

const REASONS = ['shared', 'held', 'limit', 'line', undefined] as const;

/** Merges denials. The reason that comes first counts; of several with this reason, the one that lasts longest. */
function mergeDenials(denied: readonly AcquireDenial[]): AcquireDenial {
  const rankOf = ({ by }: AcquireDenial) => REASONS.indexOf(by);
  const lastsMs = ({ holderTtlMs, freeInMs }: AcquireDenial) => holderTtlMs ?? freeInMs ?? -1;
  const last = denied.reduce((one, other) => {
    const isFirst = rankOf(other) < rankOf(one);
    return isFirst || (rankOf(other) === rankOf(one) && lastsMs(other) > lastsMs(one)) ? other : one;
  });
  const aheads = denied.flatMap(({ ahead }) => ahead ?? []);
  return aheads.length > 1 ? { ...last, ahead: Math.max(...aheads) } : last;
}

function mergeGrants(grants: readonly Grant[], numbered: number): AcquireVote {
  const fences = grants.flatMap(({ fence }) => fence ?? []);
  const lines = grants.flatMap(({ inLine }) => inLine ?? []);
  const times = grants.flatMap(({ nodeMicros }) => nodeMicros ?? []);
  const slots = grants[0]?.slots;
  return {
    kind: 'granted',
    ...(grants.every(({ replaced }) => replaced) ? { replaced: true } : {}),
    // If one part has no number, the whole grant has none.
    ...(fences.length > 0 && fences.length === numbered ? { fence: Math.max(...fences) } : {}),
    ...(new Set(fences).size > 1 ? { isFenceUneven: true } : {}),
    // Permits belong to one resource, so to one part.
    ...(slots === undefined ? {} : { slots }),
    ...(lines.length > 0 ? { inLine: Math.max(...lines) } : {}),
    // The clocks of servers differ, and a ticket is rather too late than too early.
    ...(times.length > 0 ? { nodeMicros: Math.max(...times) } : {}),
  };
}

type Grant = Extract<AcquireVote, { kind: 'granted' }>;

export function mergeLeaveVotes(votes: readonly LeaveVote[]): LeaveVote {
  return failedOf(votes) ?? votes.find(({ kind }) => kind === 'granted') ?? { kind: 'denied' };
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
  votes: readonly (AcquireVote | ExtendVote | LeaveVote | RaiseFenceVote | ReleaseVote)[],
): FailedVote | undefined {
  return votes.find((vote) => vote.kind === 'failed');
}
