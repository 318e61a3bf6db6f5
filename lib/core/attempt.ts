import type { NodeVote } from '../errors/node-vote.interface';
import type { Lease } from './lease';
import type { Extension } from './outcomes';
import type {
  AcquireDenial,
  AcquireVote,
  ExtendVote,
  LockNode,
  RaiseFenceVote,
} from '../ports/lock-node.interface';
import type { LineNews } from './line';
import { isOutOfReach, isWon, quorumFreeInMs, quorumOf } from './quorum';
import type { RoundResult } from './round';

export interface AttemptOptions {
  readonly ttlMs: number;
  /** Somebody else holds it, or did a moment ago: ask the nodes that deny for how long. */
  readonly isContended?: boolean;
  /**
   * Several processes want it at this moment: ask one node before the others, the same one as everybody. Else each
   * of them gets a part of the votes, and none a quorum.
   */
  readonly leaderFirst?: boolean;
  /** The lease gets a fencing token (R14). */
  readonly fencing?: boolean;
  /** What the caller calls itself: a part of the owner token. */
  readonly label?: string;
}

export type Attempt = WonAttempt | FailedAttempt;

export interface WonAttempt {
  readonly outcome: 'won';
  readonly lease: Lease;
  /** The first extension of a lease that was taken over. It is under way, and nobody has waited for it. */
  readonly confirmation?: Promise<Extension>;
}

export interface FailedAttempt {
  /** `busy`: somebody else has it. `unavailable`: too few nodes answered, or too slowly, to say. */
  readonly outcome: 'busy' | 'unavailable';
  readonly votes: readonly NodeVote[];
  /** In how many milliseconds a quorum may be free, if the nodes told. */
  readonly freeInMs: number | undefined;
  /** Some nodes granted: others may be in the same position, and nobody holds it unless there is a `holder`. */
  readonly isSplit: boolean;
  /**
   * The owner token that a majority told of: it is held, also where the holder missed the nodes that granted. Where the
   * leading node denied alone, the one that it told of.
   */
  readonly holder: string | undefined;
  /** What was in the way, where nodes told: first of all what most of them did. */
  readonly by?: AcquireDenial['by'];
  /** What the nodes told of the line, if anything. */
  readonly line?: LineNews;
}

/** Who made an attempt. Exactly one of these is called, once, and must not throw. */
export interface AttemptListener {
  onAttempt(attempt: Attempt): void;
  /** Something is broken: a mistake in this library, or in a node of one's own. */
  onFault(error: unknown): void;
}

/** What an acquire round came to that is no hold. */
export function failedAttempt(
  nodes: readonly LockNode[],
  round: RoundResult<AcquireVote>,
  leader?: LockNode,
): FailedAttempt {
  // Granted by a quorum, and yet no hold: the grants were used up before they were all there.
  if (isWon(round)) {
    return {
      outcome: 'unavailable',
      votes: describeTooSlow(nodes, round),
      freeInMs: undefined,
      isSplit: false,
      holder: undefined,
    };
  }
  const holderTtlsMs = round.votes.map(freeInMsOf).filter((ttlMs) => ttlMs !== undefined);
  // Those that have not answered may be free, too: better to ask once in vain than to sleep too long.
  const mayBeFree = round.nodes - round.denied - round.failed;
  // Nobody denied: a grant was discounted, since its node turned out to have forgotten things.
  const isUnavailable = isOutOfReach(round) || round.denied === 0;
  return {
    outcome: isUnavailable ? 'unavailable' : 'busy',
    votes: describeVotes(nodes, round),
    freeInMs: quorumFreeInMs(round.nodes, mayBeFree, holderTtlsMs),
    isSplit: round.granted > 0,
    holder: holderOf(round),
    by: reasonOf(round.votes),
    line: leader === undefined ? undefined : lineNewsOf(nodes, round, leader),
  };
}

/** All nodes granted permits, and no majority the same ones: others are in the same position. */
export function splitPermits(nodes: readonly LockNode[], round: RoundResult<AcquireVote>): FailedAttempt {
  const votes = describeVotes(nodes, round);
  return { outcome: 'busy', votes, freeInMs: 0, isSplit: true, holder: undefined, by: 'limit' };
}

const REASONS = ['held', 'shared', 'limit', 'line'] as const;

/** What most of those who denied told of; of as many, what comes first. */
function reasonOf(votes: readonly (AcquireVote | undefined)[]): AcquireDenial['by'] {
  let reason: AcquireDenial['by'];
  let most = 0;
  for (const one of REASONS) {
    const count = votes.filter((vote) => vote?.kind === 'denied' && vote.by === one).length;
    if (count <= most) continue;
    reason = one;
    most = count;
  }
  return reason;
}

function lineNewsOf(
  nodes: readonly LockNode[],
  { votes }: RoundResult<AcquireVote>,
  leader: LockNode,
): LineNews | undefined {
  const ofLeader = votes[nodes.indexOf(leader)];
  const denial = ofLeader?.kind === 'denied' ? ofLeader : votes.find((vote) => vote?.kind === 'denied');
  if (denial?.kind !== 'denied') return undefined;
  return { ahead: aheadIn(denial), leaderMicros: denial === ofLeader ? microsIn(denial) : undefined };
}

function aheadIn({ ahead }: AcquireDenial): number {
  return typeof ahead === 'number' && ahead > 0 ? ahead : 0;
}

function microsIn({ nodeMicros }: AcquireDenial): number | undefined {
  return Number.isSafeInteger(nodeMicros) ? nodeMicros : undefined;
}

function tokenOf(vote: AcquireVote | undefined): string | undefined {
  return vote?.kind === 'denied' ? vote.holder : undefined;
}

function holderOf({ nodes, votes }: RoundResult<AcquireVote>): string | undefined {
  const holders = votes.flatMap((vote) => tokenOf(vote) ?? []);
  return holders.find((holder) => holders.filter((other) => other === holder).length >= quorumOf(nodes));
}

/** The leading node denied: nothing was changed there, and nobody else was asked. */
export function deniedByLeader(
  nodes: readonly LockNode[],
  leader: LockNode,
  vote: AcquireVote,
): FailedAttempt {
  const votes = nodes.map((node): NodeVote => ({
    node: node.name,
    vote: node === leader ? 'denied' : 'pending',
  }));
  const failed = { votes, freeInMs: freeInMsOf(vote), isSplit: false, holder: tokenOf(vote) } as const;
  if (vote.kind !== 'denied') return { outcome: 'busy', ...failed };
  const line = { ahead: aheadIn(vote), leaderMicros: microsIn(vote) };
  return { outcome: 'busy', ...failed, by: vote.by, line };
}

/** A quorum granted, but its fencing token could not be written to a quorum. */
export function notNumbered(nodes: readonly LockNode[], raised: RoundResult<RaiseFenceVote>): FailedAttempt {
  return {
    outcome: 'unavailable',
    votes: describeVotes(nodes, raised),
    freeInMs: undefined,
    isSplit: false,
    holder: undefined,
  };
}

/** In how long the node may grant, if it told; nodes can be written by users, and tell anything. */
function freeInMsOf(vote: AcquireVote | undefined): number | undefined {
  const ttlMs = vote?.kind === 'denied' ? (vote.freeInMs ?? vote.holderTtlMs) : undefined;
  return typeof ttlMs === 'number' && ttlMs >= 0 ? ttlMs : undefined;
}

/** The votes of a round for errors, by the names of the nodes. */
export function describeVotes(
  nodes: readonly LockNode[],
  round: RoundResult<AcquireVote | ExtendVote | RaiseFenceVote>,
): NodeVote[] {
  return nodes.map((node, position) => {
    const vote = round.votes[position];
    if (vote?.kind === 'failed') return { node: node.name, vote: 'failed', error: vote.error };
    return { node: node.name, vote: vote?.kind ?? 'pending' };
  });
}

function describeTooSlow(nodes: readonly LockNode[], round: RoundResult<AcquireVote>): NodeVote[] {
  const error = new Error('granted, but so slowly that nothing was left of the ttl');
  return describeVotes(nodes, round).map((vote) =>
    vote.vote === 'granted' ? { node: vote.node, vote: 'failed', error } : vote,
  );
}
