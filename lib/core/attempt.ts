import type { NodeVote } from '../errors/node-vote.interface';
import type { Lease, Extension } from './lease';
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
  /** Somebody else holds the resource, or did a moment ago. So nodes that deny are asked for how long. */
  readonly isContended?: boolean;
  /**
   * Several processes want the resource at this moment. So all of them ask the same node first. Else each would
   * get some of the votes, and nobody a quorum.
   */
  readonly leaderFirst?: boolean;
  /** The lease gets a fencing token (R14). */
  readonly fencing?: boolean;
  /** The name that the caller gives itself. It becomes a part of the owner token. */
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
  /** `busy`: somebody else has it. `unavailable`: too few nodes answered, or answered too slowly. */
  readonly outcome: 'busy' | 'unavailable';
  readonly votes: readonly NodeVote[];
  /** A quorum may be free after this many milliseconds, if the nodes told. */
  readonly freeInMs: number | undefined;
  /**
   * Some nodes granted. Nobody holds the resource unless there is a `holder`, and other callers may have got a
   * part of the votes too.
   */
  readonly isSplit: boolean;
  /**
   * The owner token that a majority of the nodes told. With it the resource is held, even if the holder is missing
   * on the nodes that granted. If the leading node denied and nobody else was asked, this is what the leading node
   * told.
   */
  readonly holder: string | undefined;
  /** What was in the way, if nodes told: the reason that most of them gave. */
  readonly by?: AcquireDenial['by'];
  /** The caller's place in the line, if nodes told it. */
  readonly line?: LineNews;
}

/** Receives the result of an attempt. Exactly one of the two methods is called, once. It must not throw. */
export interface AttemptListener {
  onAttempt(attempt: Attempt): void;
  /** Something is broken: this library, or a node that a user wrote. */
  onFault(error: unknown): void;
}

/** Makes a failed attempt of a round that won no lease. */
export function failedAttempt(
  nodes: readonly LockNode[],
  round: RoundResult<AcquireVote>,
  leader?: LockNode,
): FailedAttempt {
  // A quorum granted, but the time was over before all grants were there.
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
  // Nodes that have not answered may be free, too. To ask once in vain is better than to sleep too long.
  const mayBeFree = round.nodes - round.denied - round.failed;
  // If nobody denied, a grant was not counted since its node turned out to have forgotten locks.
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

/**
 * Makes a failed attempt of a round in which a majority granted, but not the same permits: other callers got some
 * of them.
 */
export function splitPermits(nodes: readonly LockNode[], round: RoundResult<AcquireVote>): FailedAttempt {
  const votes = describeVotes(nodes, round);
  return { outcome: 'busy', votes, freeInMs: 0, isSplit: true, holder: undefined, by: 'limit' };
}

const REASONS = ['held', 'shared', 'limit', 'line'] as const;

/**
 * The reason that most of the denying nodes gave. If two reasons are as frequent, the one that stands first in
 * `REASONS`.
 */
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
  // A grant of the leading node tells its time too: the holder may have its majority at the other nodes.
  return { ahead: aheadIn(denial), leaderMicros: microsIn(ofLeader) };
}

function aheadIn({ ahead }: AcquireDenial): number {
  return typeof ahead === 'number' && ahead > 0 ? ahead : 0;
}

/** The time of a node, if its vote told it. */
export function microsIn(vote: AcquireVote | undefined): number | undefined {
  if (vote === undefined || vote.kind === 'failed') return undefined;
  return Number.isSafeInteger(vote.nodeMicros) ? vote.nodeMicros : undefined;
}

function tokenOf(vote: AcquireVote | undefined): string | undefined {
  return vote?.kind === 'denied' ? vote.holder : undefined;
}

function holderOf({ nodes, votes }: RoundResult<AcquireVote>): string | undefined {
  const holders = votes.flatMap((vote) => tokenOf(vote) ?? []);
  return holders.find((holder) => holders.filter((other) => other === holder).length >= quorumOf(nodes));
}

/**
 * Makes a failed attempt of the leading node's denial. That node has changed nothing, and no other node was asked.
 */
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

/**
 * Makes a failed attempt of a round in which a quorum granted, but the fencing token could not be written to a
 * quorum.
 */
export function notNumbered(nodes: readonly LockNode[], raised: RoundResult<RaiseFenceVote>): FailedAttempt {
  return {
    outcome: 'unavailable',
    votes: describeVotes(nodes, raised),
    freeInMs: undefined,
    isSplit: false,
    holder: undefined,
  };
}

/** The time after which the node may grant, if it told. The value is checked, since users can write nodes. */
function freeInMsOf(vote: AcquireVote | undefined): number | undefined {
  const ttlMs = vote?.kind === 'denied' ? (vote.freeInMs ?? vote.holderTtlMs) : undefined;
  return typeof ttlMs === 'number' && ttlMs >= 0 ? ttlMs : undefined;
}

/** The votes of a round, with the names of the nodes, for errors. */
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

/** Tells a listener what becomes of an attempt. */
export function forward(attempt: Promise<Attempt>, listener: AttemptListener): void {
  attempt.then(
    (result) => {
      listener.onAttempt(result);
    },
    (error: unknown) => {
      listener.onFault(error);
    },
  );
}
