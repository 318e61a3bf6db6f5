import {
  type Attempt,
  type AttemptListener,
  type AttemptOptions,
  deniedByLeader,
  describeVotes,
} from './attempt';
import { AttemptJudge, notAgain } from './attempt-judge';
import { FenceProposals } from './fence-proposals';
import { releaseRequestOf, type Hold } from './hold';
import { LeadingNode } from './leading-node';
import type { AcquireRequest, AcquireVote, LockNode, ReleaseVote } from './lock-node.interface';
import { type Extension, type Release, releaseByReplacing, releaseOutcome } from './outcomes';
import {
  AcquireQuestion,
  ExtendQuestion,
  type KnownVote,
  ReleaseQuestion,
  ReplaceQuestion,
} from './questions';
import { isDeniedByQuorum, isWon } from './quorum';
import type { RedlockSettings } from './redlock-settings.interface';
import { holdRound, type RoundResult, startRound } from './round';
import { earlierOf, readInstant, remainingMs, validForMs, validityFrom } from './validity';

/**
 * The Redlock algorithm: one attempt, one extension, one release on N independent nodes.
 *
 * Waiting, keeping alive and the handle that users see are built around it in `locking/`.
 */
export class Redlock {
  private readonly leader: LeadingNode;
  private readonly proposals: FenceProposals;
  private readonly judge: AttemptJudge;

  constructor(private readonly settings: RedlockSettings) {
    this.leader = new LeadingNode(settings);
    this.proposals = new FenceProposals(settings.clock, settings.fencing);
    this.judge = new AttemptJudge(settings, this.proposals);
  }

  /** The node whose release a waiter has to hear of, since it is asked first. */
  get leadingNode(): LockNode | undefined {
    return this.leader.current;
  }

  /**
   * One attempt: it either holds a quorum with time left, or gives back whatever it got.
   *
   * @param listener called before this returns where nodes in this process decide it at once
   */
  attempt(resources: readonly string[], options: AttemptOptions, listener: AttemptListener): void {
    const { ttlMs, isContended = false, leaderFirst = false, fencing = false } = options;
    const hold = this.newHold(resources, ttlMs);
    const request: AcquireRequest = {
      resources,
      ownerToken: hold.ownerToken,
      ttlMs,
      askHolderTtl: isContended,
      fence: fencing ? this.proposals.next() : undefined,
    };
    if (leaderFirst) forward(this.askLeaderFirst(hold, request), listener);
    else this.askAll(hold, request, undefined, listener);
  }

  /** The same as a promise. */
  acquire(resources: readonly string[], options: AttemptOptions): Promise<Attempt> {
    return new Promise((resolve, reject) => {
      this.attempt(resources, options, { onAttempt: resolve, onFault: reject });
    });
  }

  /**
   * Ends `old` and makes an attempt at its resources in one round, without a moment in which somebody else could get
   * them. The new hold has an owner token and a validity of its own, as after any attempt.
   */
  replace(
    old: Hold,
    { ttlMs, fencing }: { readonly ttlMs: number; readonly fencing: boolean },
  ): { readonly attempt: Promise<Attempt>; readonly release: Promise<Release> } {
    old.releaseBegan = true;
    const hold = this.newHold(old.resources, ttlMs);
    const request: AcquireRequest = {
      resources: hold.resources,
      ownerToken: hold.ownerToken,
      ttlMs,
      askHolderTtl: false,
      replaces: old.ownerToken,
      fence: fencing ? this.proposals.next() : undefined,
    };
    const round = holdRound(new ReplaceQuestion(this.judge.asking(validForMs(ttlMs)), hold, request, old));
    const attempt = round.then(async (votes) => {
      const result =
        request.fence === undefined
          ? this.judge.conclude(hold, votes, true)
          : await this.judge.concludeFenced(hold, request.fence, votes, notAgain, true);
      // Where the new one did not get through, the old one may still be: of several resources even after a denial.
      // A vote that is missing is a late one.
      const ifMissing = result.outcome === 'won' ? 'granted' : undefined;
      const isReplaced = (position: number) => (votes.votes[position]?.kind ?? ifMissing) === 'granted';
      this.judge.cleanUp(old, isReplaced, result.outcome !== 'won');
      return result;
    });
    return { attempt, release: round.then(releaseByReplacing) };
  }

  /** Asks for `ttlMs` more from now, if the hold is valid and can be confirmed before it ends (R8). */
  async extend(hold: Hold, ttlMs: number): Promise<Extension> {
    const { clock, nodes } = this.settings;
    if (hold.releaseBegan || remainingMs(clock, hold.validity) === 0)
      return { outcome: 'expired', votes: [] };
    const extended = validityFrom(readInstant(clock), ttlMs);
    // A shorter ttl counts from now on, whatever comes of the round: some nodes may apply it.
    hold.validity = earlierOf(hold.validity, extended);
    hold.ttlMs = Math.max(hold.ttlMs, ttlMs);
    const request = { resources: hold.resources, ownerToken: hold.ownerToken, ttlMs };

    const round = await holdRound(new ExtendQuestion(this.judge.askingFor(hold), hold, request));

    const leftMs = remainingMs(clock, hold.validity);
    if (isWon(round) && leftMs > 0) {
      hold.validity = extended;
      return { outcome: 'extended', votes: [] };
    }
    const votes = describeVotes(nodes, round);
    if (isDeniedByQuorum(round)) return { outcome: 'gone', votes };
    return { outcome: leftMs === 0 ? 'expired' : 'unknown', votes };
  }

  /**
   * Removes the hold from all nodes, or lets it expire there in `keepMs`. Bounded by the node timeout (R11).
   *
   * @param settle must not throw. Called before this returns where nodes in this process decide it at once
   */
  giveBack(hold: Hold, keepMs: number, settle: (release: Release) => void): void {
    hold.releaseBegan = true;
    hold.keepUntilMs = keepMs > 0 ? this.settings.clock.now() + keepMs : 0;
    const question = new ReleaseQuestion(this.judge.asking(), hold, releaseRequestOf(hold, keepMs, true));
    startRound<ReleaseVote>(
      question,
      (round) => {
        settle({ outcome: releaseOutcome(round), waiting: question.waiting });
      },
      ignore,
    );
  }

  /** The same as a promise. */
  release(hold: Hold, keepMs = 0): Promise<Release> {
    return new Promise((resolve) => {
      this.giveBack(hold, keepMs, resolve);
    });
  }

  private newHold(resources: readonly string[], ttlMs: number): Hold {
    return {
      resources,
      // Never reused: a late grant or release of an earlier attempt must not touch this one (R2).
      ownerToken: this.settings.newOwnerToken(),
      ttlMs,
      // Read before the first request leaves: a node's timer may start at any moment after that (R3).
      validity: validityFrom(readInstant(this.settings.clock), ttlMs),
      fencingToken: undefined,
      wasWon: false,
      releaseBegan: false,
      releaseAnsweredBy: 0,
      keepUntilMs: 0,
    };
  }

  private async askLeaderFirst(hold: Hold, request: AcquireRequest): Promise<Attempt> {
    const known = await this.leader.ask(this.judge.asking(validForMs(hold.ttlMs)), hold, request);
    if (known !== undefined && 'vote' in known && known.vote.kind === 'denied') {
      return deniedByLeader(this.settings.nodes, known.node, known.vote);
    }
    return new Promise((resolve, reject) => {
      this.askAll(hold, request, known, { onAttempt: resolve, onFault: reject });
    });
  }

  private askAll(
    hold: Hold,
    request: AcquireRequest,
    known: KnownVote | undefined,
    listener: AttemptListener,
  ): void {
    const { fence } = request;
    const asking =
      known === undefined ? this.judge.asking(validForMs(hold.ttlMs)) : this.judge.askingFor(hold);
    startRound(
      new AcquireQuestion(asking, hold, request, known),
      (round) => {
        if (fence === undefined) listener.onAttempt(this.judge.conclude(hold, round));
        else {
          const again = () => this.askAgain(request, round);
          forward(this.judge.concludeFenced(hold, fence, round, again), listener);
        }
      },
      (error) => {
        listener.onFault(error);
      },
    );
  }

  /** With another proposal, if it was the first one that nodes could not agree to. */
  private askAgain(request: AcquireRequest, round: RoundResult<AcquireVote>): Promise<Attempt> | undefined {
    const fence = this.proposals.corrected(round);
    if (fence === undefined) return undefined;
    const hold = this.newHold(request.resources, request.ttlMs);
    const again = { ...request, ownerToken: hold.ownerToken, fence };
    return holdRound(new AcquireQuestion(this.judge.asking(validForMs(hold.ttlMs)), hold, again)).then(
      (votes) => this.judge.concludeFenced(hold, fence, votes),
    );
  }
}

function forward(attempt: Promise<Attempt>, listener: AttemptListener): void {
  attempt.then(
    (result) => {
      listener.onAttempt(result);
    },
    (error: unknown) => {
      listener.onFault(error);
    },
  );
}

function ignore(): void {
  // What was said is true all the same.
}
