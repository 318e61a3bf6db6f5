import {
  type Attempt,
  type AttemptListener,
  type AttemptOptions,
  deniedByLeader,
  describeVotes,
} from './attempt';
import { AttemptJudge } from './attempt-judge';
import { FenceProposals } from './fence-proposals';
import { type HandOver, HandOvers, type Heir } from './hand-over';
import { releaseRequestOf, type Lease, type LeftLease } from './lease';
import { LeadingNode } from './leading-node';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  LockNode,
  ReleaseVote,
} from '../ports/lock-node.interface';
import { type Extension, type Release, releaseOutcome } from './outcomes';
import { AcquireQuestion, ExtendQuestion, type KnownVote, ReleaseQuestion } from './questions';
import { isDeniedByQuorum, isWon } from './quorum';
import type { RedlockSettings } from './redlock-settings.interface';
import { holdRound, type RoundResult, startRound } from './round';
import { earlierOf, readInstant, remainingMs, type Validity, validForMs, validityFrom } from './validity';

/**
 * The Redlock algorithm: one attempt, one extension, one release on N independent nodes.
 *
 * Waiting, keeping alive and the handle that users see are built around it in `locking/`.
 */
export class Redlock {
  private readonly leader: LeadingNode;
  private readonly proposals: FenceProposals;
  private readonly judge: AttemptJudge;
  private readonly handOvers: HandOvers;

  constructor(private readonly settings: RedlockSettings) {
    this.leader = new LeadingNode(settings);
    this.proposals = new FenceProposals(settings.wall ?? settings.clock, settings.fencing);
    this.judge = new AttemptJudge(settings, this.proposals);
    this.handOvers = new HandOvers(this.judge, this.proposals, {
      newHold: (resources, ttlMs, label) => this.newHold(resources, ttlMs, label),
      extend: (hold, ttlMs) => this.extend(hold, ttlMs),
    });
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
    const { ttlMs, isContended = false, leaderFirst = false, fencing = false, label } = options;
    const hold = this.newHold(resources, ttlMs, label);
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

  /** Ends `old`, and begins the hold of the next caller with the same resources in its place. */
  handOver(old: Lease, heir: Heir): HandOver {
    return this.handOvers.begin(old, heir);
  }

  /** Asks for `ttlMs` more from now, if the hold is valid and can be confirmed before it ends (R8). */
  extend(hold: Lease, ttlMs: number, putsBack = true): Promise<Extension> {
    const { clock } = this.settings;
    if (hold.releaseBegan || remainingMs(clock, hold.validity) === 0)
      return Promise.resolve({ outcome: 'expired', votes: [] });
    const extended = validityFrom(readInstant(clock), ttlMs);
    // A shorter ttl counts from now on, whatever comes of the round: some nodes may apply it.
    hold.validity = earlierOf(hold.validity, extended);
    hold.ttlMs = Math.max(hold.ttlMs, ttlMs);
    const { resources, ownerToken, inherited } = hold;
    const replaces = inherited?.ownerToken;
    const request: ExtendRequest = putsBack
      ? { resources, ownerToken, ttlMs, replaces }
      : { resources, ownerToken, ttlMs, replaces, putsBack };
    const question = new ExtendQuestion(this.judge.askingFor(hold), hold, request);
    return new Promise((resolve, reject) => {
      // Concluded before the next vote is heard: a late one has to know what came of it.
      const settle = (round: RoundResult<ExtendVote>) => {
        resolve(this.concludeExtension(hold, extended, round));
      };
      startRound(question, settle, reject);
    });
  }

  /**
   * Goes on with a hold of which only the owner token is known. It is ours if a quorum still has that token, and is kept
   * from now on: since the token is nowhere put back, nobody else can have had a quorum in between.
   */
  async resume(left: LeftLease, ttlMs: number): Promise<{ hold: Lease; outcome: Extension }> {
    const hold: Lease = { ...this.newHold(left.resources, ttlMs), ...left, wasWon: true };
    return { hold, outcome: await this.extend(hold, ttlMs, false) };
  }

  /**
   * Removes the hold from all nodes, or lets it expire there in `keepMs`. Bounded by the node timeout (R11).
   *
   * @param settle must not throw. Called before this returns where nodes in this process decide it at once
   */
  giveBack(hold: Lease, keepMs: number, settle: (release: Release) => void): void {
    hold.releaseBegan = true;
    hold.keepUntilMs = keepMs > 0 ? this.settings.clock.now() + keepMs : 0;
    const question = new ReleaseQuestion(this.judge.asking(), hold, releaseRequestOf(hold, keepMs, true));
    const { inherited } = hold;
    startRound<ReleaseVote>(
      question,
      (round) => {
        const outcome = releaseOutcome(round);
        // Where it was not there, the one before it may have been, which is as good.
        const isCertain = outcome !== 'expired' || inherited === undefined;
        settle({ outcome: isCertain ? outcome : 'unknown', waiting: question.waiting });
      },
      ignore,
    );
    this.judge.cleanUpInherited(hold);
  }

  /** The same as a promise. */
  release(hold: Lease, keepMs = 0): Promise<Release> {
    return new Promise((resolve) => {
      this.giveBack(hold, keepMs, resolve);
    });
  }

  private concludeExtension(hold: Lease, extended: Validity, round: RoundResult<ExtendVote>): Extension {
    const { clock, nodes } = this.settings;
    const leftMs = remainingMs(clock, hold.validity);
    if (isWon(round) && leftMs > 0) {
      hold.validity = extended;
      this.judge.confirmInherited(hold, round);
      return { outcome: 'extended', votes: [] };
    }
    const votes = describeVotes(nodes, round);
    if (isDeniedByQuorum(round)) return { outcome: 'gone', votes };
    return { outcome: leftMs === 0 ? 'expired' : 'unknown', votes };
  }

  private newHold(resources: readonly string[], ttlMs: number, label?: string): Lease {
    return {
      resources,
      // Never reused: a late grant or release of an earlier attempt must not touch this one (R2).
      ownerToken: this.settings.newOwnerToken(label),
      label,
      ttlMs,
      // Read before the first request leaves: a node's timer may start at any moment after that (R3).
      validity: validityFrom(readInstant(this.settings.clock), ttlMs),
      fencingToken: undefined,
      inherited: undefined,
      wasWon: false,
      releaseBegan: false,
      releaseAnsweredBy: 0,
      keepUntilMs: 0,
    };
  }

  private async askLeaderFirst(hold: Lease, request: AcquireRequest): Promise<Attempt> {
    const known = await this.leader.ask(this.judge.asking(validForMs(hold.ttlMs)), hold, request);
    if (known !== undefined && 'vote' in known && known.vote.kind === 'denied') {
      return deniedByLeader(this.settings.nodes, known.node, known.vote);
    }
    return new Promise((resolve, reject) => {
      this.askAll(hold, request, known, { onAttempt: resolve, onFault: reject });
    });
  }

  private askAll(
    hold: Lease,
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
          const again = () => this.askAgain(request, round, hold.label);
          forward(this.judge.concludeFenced(hold, fence, round, again), listener);
        }
      },
      (error) => {
        listener.onFault(error);
      },
    );
  }

  /** With another proposal, if it was the first one that nodes could not agree to. */
  private askAgain(
    request: AcquireRequest,
    round: RoundResult<AcquireVote>,
    label: string | undefined,
  ): Promise<Attempt> | undefined {
    const fence = this.proposals.corrected(round);
    if (fence === undefined) return undefined;
    const hold = this.newHold(request.resources, request.ttlMs, label);
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
