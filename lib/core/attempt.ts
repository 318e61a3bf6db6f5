import type { NodeVote } from '../errors/node-vote.interface';
import type { Lease } from './lease';
import type { Extension } from './outcomes';
import type { AcquireVote, ExtendVote, LockNode, RaiseFenceVote } from '../ports/lock-node.interface';
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
}

/** Who made an attempt. Exactly one of these is called, once, and must not throw. */
export interface AttemptListener {
  onAttempt(attempt: Attempt): void;
  /** Something is broken: a mistake in this library, or in a node of one's own. */
  onFault(error: unknown): void;
}

/** What an acquire round came to that is no lease. */
export function failedAttempt(nodes: readonly LockNode[], round: RoundResult<AcquireVote>): FailedAttempt {
  // Granted by a quorum, and yet no lease: the grants were used up before they were all there.
  if (isWon(round)) {
    return {
      outcome: 'unavailable',
      votes: describeTooSlow(nodes, round),
      freeInMs: undefined,
      isSplit: false,
      holder: undefined,
    };
  }
  const holderTtlsMs = round.votes.map(holderTtlOf).filter((ttlMs) => ttlMs !== undefined);
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
  };
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
  return { outcome: 'busy', votes, freeInMs: holderTtlOf(vote), isSplit: false, holder: tokenOf(vote) };
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

/** How much longer the holder keeps it, if the node told. Users write nodes too, and those may tell anything. */
function holderTtlOf(vote: AcquireVote | undefined): number | undefined {
  const ttlMs = vote?.kind === 'denied' ? vote.holderTtlMs : undefined;
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
