import type { AcquireRequest, AcquireVote, LockNode, PermitRequest } from '../ports/lock-node.interface';
import {
  type Attempt,
  type AttemptListener,
  type AttemptOptions,
  deniedByLeader,
  failedAttempt,
  forward,
  microsIn,
  splitPermits,
} from './attempt';
import { releaseRequestOf, type Lease, type LeaseSharing } from './lease';
import { LeaderTime } from './leader-time';
import type { PlaceInLines } from './line';
import type { AttemptParts } from './plain-attempts';
import { sharedIn, type LockKind } from '../ports/lock-kind';
import { PermitCall } from './permit-call';
import { cannotBeWon, isDeniedByQuorum, isOutOfReach, isWon, quorumOf } from './quorum';
import type { KnownVote } from './acquire-call';
import type { RedlockSettings } from './redlock-settings.interface';
import { type RoundResult, startRound } from './round';
import { type LateVotes, SharingCall } from './sharing-call';
import { agreedSlots, mostGiven, nameOfSlots, onlyThese, straySlots } from './slots';
import { remainingMs, validForMs } from './validity';

/** A free resource is kept for the callers in its line for this share of the node timeout (R31). */
const TURN_SHARE = 0.1;

export interface SharingOptions extends AttemptOptions {
  /** Undefined: the caller wants the resources exclusively, and stands in line. */
  readonly kind: LockKind | undefined;
  readonly places: PlaceInLines;
}

/** An attempt that is under way. */
interface Trial {
  readonly lease: Lease;
  readonly sharing: LeaseSharing;
  readonly request: AcquireRequest;
  readonly options: SharingOptions;
  readonly listener: AttemptListener;
  /**
   * True if this is the second round of an attempt: with another proposal, or for the permits that most nodes
   * gave.
   */
  readonly isAgain: boolean;
  /** The time on the monotonic clock before the first node was asked. */
  readonly askedAtMs: number;
  /** What is still to be done at a node that answers after the attempt was decided. */
  owed: 'clean-up' | 'leave' | undefined;
  /** True if it failed, and a late grant would tell that several callers have a part of the votes each. */
  mayBeSplit: boolean;
}

/**
 * Attempts of readers, of callers that want permits, and of callers in line. They work as those of
 * {@link Redlock}. They stand beside it so that a plain lock pays nothing for them.
 */
export class SharingAttempts implements LateVotes<Trial> {
  private readonly leaderTime: LeaderTime;

  constructor(
    private readonly settings: RedlockSettings,
    private readonly parts: AttemptParts,
  ) {
    this.leaderTime = new LeaderTime(settings);
  }

  /**
   * The ticket of a caller that begins to wait now (R29). Undefined if that is not known, or if nobody was denied any
   * of these resources of late.
   */
  ticketFor(resources: readonly string[]): number | undefined {
    return this.leaderTime.ifContended(this.parts.leader.current, resources);
  }

  /** Holds a quorum with time left, or cleans up whatever it got; see `Redlock.acquire`. */
  acquire(resources: readonly string[], options: SharingOptions, listener: AttemptListener): void {
    this.begin(
      resources,
      options,
      listener,
      options.fencing === true ? this.parts.proposals.next() : undefined,
    );
  }

  private begin(
    resources: readonly string[],
    options: SharingOptions,
    listener: AttemptListener,
    fence: AcquireRequest['fence'],
    isAgain = false,
  ): void {
    const { ttlMs, label, kind, places } = options;
    const { nodeTimeoutMs, clock } = this.settings;
    const lease = this.parts.newLease(resources, ttlMs, label);
    const turnMs = Math.max(1, Math.round(nodeTimeoutMs * TURN_SHARE));
    const askedAtMs = clock.now();
    const leaderFirst = options.leaderFirst === true && !isAgain;
    const sharing: LeaseSharing = {
      kind,
      slots: [],
      mayHaveStrays: false,
      awaited: 0,
      places,
      attempt: places.asks(!leaderFirst, askedAtMs, lease.ownerToken),
      turnMs,
      inLine: 0,
    };
    lease.sharing = sharing;
    const request: AcquireRequest = {
      resources,
      ownerToken: lease.ownerToken,
      ttlMs,
      askHolderTtl: true,
      fence,
      shared: sharedIn(kind),
      limit: kind?.mode === 'limited' ? this.permitsOf(kind.limit, kind.permits) : undefined,
      line: places.entry,
    };
    const trial: Trial = {
      lease,
      sharing,
      request,
      options,
      listener,
      isAgain,
      askedAtMs,
      owed: undefined,
      mayBeSplit: false,
    };
    if (leaderFirst)
      this.askLeaderFirst(trial).catch((error: unknown) => {
        listener.onFault(error);
      });
    else this.askAll(trial, request, undefined);
  }

  /** All nodes get the same start. Else each of them would give another permit (R26). */
  private permitsOf(limit: number, permits: number): PermitRequest {
    return {
      limit,
      permits,
      start: Math.min(limit - 1, Math.floor((this.settings.fraction?.() ?? 0) * limit)),
    };
  }

  private async askLeaderFirst(trial: Trial): Promise<void> {
    const { lease, request, sharing, listener } = trial;
    const { judge, leader } = this.parts;
    const known = await leader.ask(judge.callContext(validForMs(lease.ttlMs)), lease, request);
    if (known === undefined || !('vote' in known)) {
      this.askAll(trial, { ...request, line: trial.options.places.entry }, known);
    } else if (known.vote.kind === 'denied') {
      const failed = deniedByLeader(this.settings.nodes, known.node, known.vote);
      this.learnTime(trial, known.node, failed.line?.leaderMicros);
      sharing.places?.note(failed.line, undefined);
      listener.onAttempt(failed);
    } else {
      // The leading node chose the permits. The other nodes are asked for exactly these (R28).
      const { limit } = request;
      const slots = known.vote.kind === 'granted' ? known.vote.slots : undefined;
      const chosen = limit === undefined || slots === undefined ? limit : { ...limit, exact: slots };
      this.askAll(trial, { ...request, limit: chosen, line: trial.options.places.entry }, known);
    }
  }

  private askAll(trial: Trial, request: AcquireRequest, known: KnownVote | undefined): void {
    const { lease, listener } = trial;
    const { judge } = this.parts;
    const callContext =
      known === undefined ? judge.callContext(validForMs(lease.ttlMs)) : judge.callContextFor(lease);
    const { limit } = request;
    const call =
      limit === undefined
        ? new SharingCall(callContext, lease, request, known, this, trial)
        : new PermitCall({
            callContext,
            lease,
            request: { ...request, limit },
            known,
            late: this,
            trial,
            onStray: this.strayOf(lease),
          });
    startRound<AcquireVote>(
      call,
      (round) => {
        this.conclude(trial, round, limit?.exact !== undefined);
      },
      listener.onFault.bind(listener),
    );
  }

  private conclude(trial: Trial, round: RoundResult<AcquireVote>, wereNamed: boolean): void {
    const { lease, sharing, request } = trial;
    const { judge } = this.parts;
    if (round.failed > 0) sharing.mayHaveStrays = true;
    if (request.limit === undefined) {
      this.finish(trial, round, judge.countable(round), []);
      return;
    }
    const counted = judge.countable(round);
    const given = counted.votes.map((vote) => (vote?.kind === 'granted' ? vote.slots : undefined));
    const slots = agreedSlots(given, quorumOf(round.nodes));
    if (slots !== undefined) {
      this.finish(trial, round, onlyThese(counted, slots), slots);
      return;
    }
    const wanted = wereNamed || cannotBeWon(counted) ? undefined : mostGiven(given, request.limit.permits);
    if (wanted === undefined || remainingMs(this.settings.clock, lease) === 0)
      this.fail(trial, round, counted);
    else this.askFor(trial, round, wanted);
  }

  /**
   * The nodes gave different permits. Asks once more, for the permits that most nodes gave. Validity counts from
   * the first round.
   */
  private askFor(trial: Trial, round: RoundResult<AcquireVote>, slots: readonly number[]): void {
    const { lease, sharing, request, options, listener } = trial;
    sharing.mayHaveStrays = true;
    const name = nameOfSlots(slots);
    const kept = new Map<number, AcquireVote>();
    round.votes.forEach((vote, position) => {
      if (vote?.kind === 'failed') kept.set(position, vote);
      if (vote?.kind === 'granted' && nameOfSlots(vote.slots ?? []) === name) kept.set(position, vote);
    });
    const limit = { ...(request.limit as PermitRequest), exact: slots, swap: true };
    const call = new PermitCall({
      callContext: this.parts.judge.callContextFor(lease),
      lease,
      // The caller may have given up meanwhile. Then no node may make an entry for it.
      request: { ...request, limit, line: options.places.entry },
      kept,
      late: this,
      trial,
      onStray: this.strayOf(lease),
    });
    startRound<AcquireVote>(
      call,
      (second) => {
        this.conclude(trial, second, true);
      },
      listener.onFault.bind(listener),
    );
  }

  /** @param counted the round with only those grants that count */
  private finish(
    trial: Trial,
    round: RoundResult<AcquireVote>,
    counted: RoundResult<AcquireVote>,
    slots: readonly number[],
  ): void {
    const { lease, sharing, request, listener } = trial;
    const { clock } = this.settings;
    if (!isWon(counted) || remainingMs(clock, lease) === 0) {
      this.fail(trial, round, counted);
      return;
    }
    sharing.slots = slots;
    if (request.fence === undefined) {
      listener.onAttempt(this.win(trial, round));
      return;
    }
    const numbering = this.parts.judge.number(lease, request.fence.keepMs, counted);
    const attempt = numbering.then((unnumbered) => {
      if (unnumbered !== undefined) {
        this.parts.judge.cleanUp(lease, isDenialIn(round));
        return unnumbered;
      }
      return remainingMs(clock, lease) > 0 ? this.win(trial, round) : this.failure(trial, round, counted);
    });
    forward(attempt, listener);
  }

  private win(trial: Trial, round: RoundResult<AcquireVote>): Attempt {
    const { lease, sharing, request } = trial;
    lease.wasWon = true;
    // A node that has not answered chooses its permits by itself. The release may leave before its answer tells
    // which.
    if (request.limit !== undefined && !sharing.mayHaveStrays) {
      for (let position = 0; position < round.nodes; position++)
        if (round.votes[position] === undefined) sharing.awaited += 1;
      sharing.mayHaveStrays = sharing.awaited > 0;
    }
    for (const vote of round.votes)
      if (vote?.kind === 'granted') sharing.inLine = Math.max(sharing.inLine, vote.inLine ?? 0);
    this.settings.nodes.forEach((node, position) => {
      const vote = round.votes[position];
      const strays = vote?.kind === 'granted' ? straySlots(vote.slots, sharing.slots) : [];
      if (strays.length > 0) this.strayOf(lease)(node, strays);
    });
    // A grant removes the entry, and most nodes that have not answered are about to grant. So a node is asked to
    // remove the entry only once it turns out that it did not grant.
    if (request.line?.ticket !== undefined) trial.owed = 'leave';
    sharing.places?.end((position) => (round.votes[position]?.kind ?? 'granted') === 'granted');
    return { outcome: 'won', lease };
  }

  private fail(trial: Trial, round: RoundResult<AcquireVote>, counted: RoundResult<AcquireVote>): void {
    const { request, options, listener, isAgain } = trial;
    const attempt = this.failure(trial, round, counted);
    const fence = isAgain || request.fence === undefined ? undefined : this.parts.proposals.corrected(round);
    if (fence === undefined) listener.onAttempt(attempt);
    else this.begin(request.resources, options, listener, fence, true);
  }

  private failure(trial: Trial, round: RoundResult<AcquireVote>, counted: RoundResult<AcquireVote>): Attempt {
    const { lease, sharing, request, options } = trial;
    const { nodes } = this.settings;
    // This comes before the clean-up, which puts back the entries of callers that can reach a majority.
    const failed =
      request.limit !== undefined && isWon(counted) && remainingMs(this.settings.clock, lease) > 0
        ? splitPermits(nodes, counted)
        : failedAttempt(nodes, counted, this.parts.leader.current);
    // Readers and permits that fill a quorum are many, and the nodes name no holder.
    trial.mayBeSplit = failed.holder === undefined && (failed.by === 'held' || !isDeniedByQuorum(counted));
    sharing.places?.note(failed.line, isOutOfReach(counted));
    this.learnTime(trial, this.parts.leader.current, failed.line?.leaderMicros);
    // While the caller waits and asks again and again, most nodes that have not answered are about to deny. So a
    // node is cleaned up only once it turns out that it did not deny.
    const isWaiting = request.line?.ticket !== undefined && !options.places.isEnded;
    if (isWaiting) trial.owed = 'clean-up';
    const isSpared = isDenialIn(round);
    this.parts.judge.cleanUp(
      lease,
      (position) => isSpared(position) || (isWaiting && round.votes[position] === undefined),
    );
    return failed;
  }

  /** Does what is owed to a node that votes late. The call itself cleans up late grants. */
  hearLate(trial: Trial, node: LockNode, vote: AcquireVote): void {
    const { lease, sharing, options, owed } = trial;
    const { places } = options;
    if (node === this.parts.leader.current) {
      const micros = microsIn(vote);
      // A grant does not tell that others want the resource: the attempt may have won.
      if (vote.kind === 'denied') this.learnTime(trial, node, micros);
      places.noteLate(micros);
    }
    if (owed === 'clean-up' && vote.kind === 'failed') this.parts.judge.cleanUpAt(node, lease);
    if (trial.mayBeSplit && vote.kind === 'granted') places.noteLateGrant(sharing.attempt);
    if (owed === 'leave' && vote.kind !== 'granted') places.leaveLate(node);
  }

  /** @param micros the time that the leading node told with its denial, if it did */
  private learnTime(
    { request, askedAtMs }: Trial,
    leader: LockNode | undefined,
    micros: number | undefined,
  ): void {
    if (leader !== undefined && micros !== undefined)
      this.leaderTime.heard(leader, micros, askedAtMs, request.resources);
  }

  /** Releases permits which one node gave, and which are not a part of the lease (R26). */
  private strayOf(lease: Lease): (node: LockNode, slots: readonly number[]) => void {
    return (node, slots) => {
      try {
        node.release({ ...releaseRequestOf(lease, 0, true), slots }, ignore);
      } catch {
        ignore();
      }
    };
  }
}

/** A node that denied has nothing. A silent or failed node may have applied the request. */
function isDenialIn(round: RoundResult<AcquireVote>): (position: number) => boolean {
  return (position) => round.votes[position]?.kind === 'denied';
}

function ignore(): void {
  // A permit that stays there ends with its ttl.
}
