import type { NodeVote } from '../errors/node-vote.interface';
import type { Clock } from './clock.interface';
import type { AcquireVote, ExtendVote, LockNode, ReleaseRequest, ReleaseVote } from './lock-node.interface';
import {
  cannotBeDeniedByQuorum,
  cannotBeWon,
  isDeniedByQuorum,
  isOutOfReach,
  isWon,
  type Tally,
} from './quorum';
import { quorumFreeInMs } from './quorum';
import { holdRound, type RoundResult } from './round';
import { earlierOf, readInstant, remainingMs, validityFrom, type Validity } from './validity';

/** What a won attempt has on the nodes. Only {@link Redlock} changes it. */
export interface Hold {
  readonly resources: readonly string[];
  readonly ownerToken: string;
  /** The largest ttl that a node may have been asked for. */
  ttlMs: number;
  validity: Validity;
  /** Nothing extends or heals any more (R10). */
  releaseBegan: boolean;
  /** Until when a release leaves it on the nodes, on the monotonic clock; 0: it does not. */
  keepUntilMs: number;
}

export type Attempt =
  | { readonly outcome: 'won'; readonly hold: Hold }
  | {
      /** `busy`: somebody else has it. `unavailable`: too few nodes answered, or too slowly, to say. */
      readonly outcome: 'busy' | 'unavailable';
      readonly votes: readonly NodeVote[];
      /** In how many milliseconds a quorum may be free, if the nodes told. */
      readonly freeInMs: number | undefined;
    };

/**
 * - `extended`: valid for the new ttl
 * - `gone`: a quorum says that it is not ours any more
 * - `expired`: it was too late
 * - `unknown`: too few nodes answered; valid for as long as it was
 */
export interface Extension {
  readonly outcome: 'extended' | 'gone' | 'expired' | 'unknown';
  readonly votes: readonly NodeVote[];
}

export interface RedlockSettings {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  /** The longest wait for one node's vote. */
  readonly nodeTimeoutMs: number;
  /** A value that was never used before and that nobody can guess (R2). */
  readonly newOwnerToken: () => string;
}

/**
 * The Redlock algorithm: one attempt, one extension, one release on N independent nodes.
 *
 * Waiting, keeping alive and the handle that users see are built around it in `locking/`.
 */
export class Redlock {
  constructor(private readonly settings: RedlockSettings) {}

  /** One attempt: it either holds a quorum with time left, or gives back whatever it got. */
  async acquire(resources: readonly string[], ttlMs: number, askHolderTtl: boolean): Promise<Attempt> {
    const { clock, nodeTimeoutMs } = this.settings;
    // Never reused: a late grant or release of an earlier attempt must not touch this one (R2).
    const ownerToken = this.settings.newOwnerToken();
    const request = { resources, ownerToken, ttlMs, askHolderTtl };
    // Read before the first request leaves: a node's timer may start at any moment after that (R3).
    const validity = validityFrom(readInstant(clock), ttlMs);
    const hold: Hold = { resources, ownerToken, ttlMs, validity, releaseBegan: false, keepUntilMs: 0 };

    const round = await this.hold<AcquireVote>({
      timeoutMs: Math.min(nodeTimeoutMs, remainingMs(clock, validity)),
      ask: (node, vote) => {
        node.acquire(request, vote);
      },
      isSettled: (tally) => isWon(tally) || cannotBeWon(tally),
      onLateVote: (node, vote) => {
        // It came after everything was given back, so this one has to be given back by itself (R6).
        if (vote.kind === 'granted' && hold.releaseBegan) this.cleanUp(hold, [node]);
      },
    });

    // The clock is read after everything else: slow votes may have used up the time that they granted (R3).
    if (isWon(round) && remainingMs(clock, validity) > 0) return { outcome: 'won', hold };
    hold.releaseBegan = true;
    this.cleanUp(hold, this.nodesThatMayHaveIt(round));
    return this.failedAttempt(round);
  }

  /** Asks for `ttlMs` more from now, if the hold is valid and can be confirmed before it ends (R8). */
  async extend(hold: Hold, ttlMs: number): Promise<Extension> {
    const { clock, nodeTimeoutMs } = this.settings;
    if (hold.releaseBegan || remainingMs(clock, hold.validity) === 0)
      return { outcome: 'expired', votes: [] };
    const extended = validityFrom(readInstant(clock), ttlMs);
    // A shorter ttl counts from now on, whatever comes of the round: some nodes may apply it.
    hold.validity = earlierOf(hold.validity, extended);
    hold.ttlMs = Math.max(hold.ttlMs, ttlMs);
    const request = { resources: hold.resources, ownerToken: hold.ownerToken, ttlMs };

    const round = await this.hold<ExtendVote>({
      timeoutMs: Math.min(nodeTimeoutMs, remainingMs(clock, hold.validity)),
      ask: (node, vote) => {
        node.extend(request, vote);
      },
      isSettled: isDecidedEitherWay,
      onLateVote: (node, vote) => {
        if (vote.kind === 'denied' && vote.healed && hold.releaseBegan) this.cleanUp(hold, [node]);
      },
    });

    const votes = this.describe(round);
    if (isDeniedByQuorum(round)) return { outcome: 'gone', votes };
    if (remainingMs(clock, hold.validity) === 0) return { outcome: 'expired', votes };
    if (!isWon(round)) return { outcome: 'unknown', votes };
    hold.validity = extended;
    return { outcome: 'extended', votes };
  }

  /** Removes the hold from all nodes, or lets it expire there in `keepMs`. Bounded by the node timeout (R11). */
  async release(hold: Hold, keepMs = 0): Promise<'released' | 'expired' | 'unknown'> {
    hold.releaseBegan = true;
    hold.keepUntilMs = keepMs > 0 ? this.settings.clock.now() + keepMs : 0;
    const request = releaseRequest(hold, keepMs, true);
    const round = await this.hold<ReleaseVote>({
      timeoutMs: this.settings.nodeTimeoutMs,
      ask: (node, vote) => {
        node.release(request, vote);
      },
      isSettled: isDecidedEitherWay,
      onLateVote: ignore,
    });
    if (isWon(round)) return 'released';
    return isDeniedByQuorum(round) ? 'expired' : 'unknown';
  }

  private hold<V extends AcquireVote | ExtendVote | ReleaseVote>(
    question: Omit<Parameters<typeof holdRound<V>>[0], 'nodes' | 'clock'>,
  ): Promise<RoundResult<V>> {
    return holdRound<V>({ nodes: this.settings.nodes, clock: this.settings.clock, ...question });
  }

  /** In the background: nobody waits for it, and no caller's signal stops it (R6). It wakes nobody (R7). */
  private cleanUp(hold: Hold, nodes: readonly LockNode[]): void {
    if (nodes.length === 0) return;
    const request = releaseRequest(hold, Math.ceil(hold.keepUntilMs - this.settings.clock.now()), false);
    void holdRound<ReleaseVote>({
      nodes,
      clock: this.settings.clock,
      timeoutMs: this.settings.nodeTimeoutMs,
      ask: (node, vote) => {
        node.release(request, vote);
      },
      isSettled: isDecidedEitherWay,
      onLateVote: ignore,
    });
  }

  /** All but those that denied: a silent or failed node may have applied the request. */
  private nodesThatMayHaveIt(round: RoundResult<AcquireVote>): readonly LockNode[] {
    return this.settings.nodes.filter((_, position) => round.votes[position]?.kind !== 'denied');
  }

  private failedAttempt(round: RoundResult<AcquireVote>): Attempt {
    if (isWon(round))
      return { outcome: 'unavailable', votes: this.describeTooSlow(round), freeInMs: undefined };
    const holderTtlsMs = round.votes.flatMap((vote) =>
      vote?.kind === 'denied' && vote.holderTtlMs !== undefined ? [vote.holderTtlMs] : [],
    );
    return {
      outcome: isOutOfReach(round) ? 'unavailable' : 'busy',
      votes: this.describe(round),
      freeInMs: quorumFreeInMs(round.nodes, round.granted, holderTtlsMs),
    };
  }

  private describe(round: RoundResult<AcquireVote | ExtendVote>): NodeVote[] {
    return this.settings.nodes.map((node, position) => {
      const vote = round.votes[position];
      if (vote?.kind === 'failed') return { node: node.name, vote: 'failed', error: vote.error };
      return { node: node.name, vote: vote?.kind ?? 'pending' };
    });
  }

  private describeTooSlow(round: RoundResult<AcquireVote>): NodeVote[] {
    const error = new Error('granted, but so slowly that nothing was left of the ttl');
    return this.describe(round).map((vote) =>
      vote.vote === 'granted' ? { node: vote.node, vote: 'failed', error } : vote,
    );
  }
}

function releaseRequest(hold: Hold, keepMs: number, wakeWaiters: boolean): ReleaseRequest {
  const { resources, ownerToken, ttlMs } = hold;
  return keepMs > 0
    ? { resources, ownerToken, keepMs, wakeWaiters, ttlMs: Math.max(ttlMs, keepMs) }
    : { resources, ownerToken, wakeWaiters, ttlMs };
}

/**
 * For questions with three answers (ours, not ours, cannot tell): settled when a majority agrees, or when neither
 * side can reach one.
 */
function isDecidedEitherWay(tally: Tally): boolean {
  return isWon(tally) || isDeniedByQuorum(tally) || (cannotBeWon(tally) && cannotBeDeniedByQuorum(tally));
}

function ignore(): void {
  // A release that is late needs no answer.
}
