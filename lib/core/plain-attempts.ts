import { type Attempt, type AttemptListener, type AttemptOptions, deniedByLeader, forward } from './attempt';
import type { AttemptJudge } from './attempt-judge';
import type { FenceProposals } from './fence-proposals';
import type { Lease } from './lease';
import type { LeadingNode } from './leading-node';
import type { AcquireRequest, AcquireVote } from '../ports/lock-node.interface';
import { AcquireCall, type KnownVote } from './acquire-call';
import type { RedlockSettings } from './redlock-settings.interface';
import { holdRound, type RoundResult, startRound } from './round';
import { validForMs } from './validity';

/** What all kinds of attempts need. */
export interface AttemptParts {
  readonly judge: AttemptJudge;
  readonly proposals: FenceProposals;
  readonly leader: LeadingNode;
  newLease(resources: readonly string[], ttlMs: number, label?: string): Lease;
}

/** Attempts of callers that want their resources exclusively, and look at no line. */
export class PlainAttempts {
  constructor(
    private readonly settings: RedlockSettings,
    private readonly parts: AttemptParts,
  ) {}

  /** Holds a quorum with time left, or cleans up whatever it got; see `Redlock.acquire`. */
  acquire(resources: readonly string[], options: AttemptOptions, listener: AttemptListener): void {
    const { ttlMs, isContended = false, leaderFirst = false, fencing = false, label } = options;
    const lease = this.parts.newLease(resources, ttlMs, label);
    const request: AcquireRequest = {
      resources,
      ownerToken: lease.ownerToken,
      ttlMs,
      askHolderTtl: isContended,
      fence: fencing ? this.parts.proposals.next() : undefined,
    };
    if (leaderFirst) forward(this.askLeaderFirst(lease, request), listener);
    else this.askAll(lease, request, undefined, listener);
  }

  private async askLeaderFirst(lease: Lease, request: AcquireRequest): Promise<Attempt> {
    const known = await this.parts.leader.ask(
      this.parts.judge.callContext(validForMs(lease.ttlMs)),
      lease,
      request,
    );
    if (known !== undefined && 'vote' in known && known.vote.kind === 'denied') {
      return deniedByLeader(this.settings.nodes, known.node, known.vote);
    }
    return new Promise((resolve, reject) => {
      this.askAll(lease, request, known, { onAttempt: resolve, onFault: reject });
    });
  }

  private askAll(
    lease: Lease,
    request: AcquireRequest,
    known: KnownVote | undefined,
    listener: AttemptListener,
  ): void {
    const { fence } = request;
    const callContext =
      known === undefined
        ? this.parts.judge.callContext(validForMs(lease.ttlMs))
        : this.parts.judge.callContextFor(lease);
    startRound(
      new AcquireCall(callContext, lease, request, known),
      (round) => {
        if (fence === undefined) listener.onAttempt(this.parts.judge.conclude(lease, round));
        else {
          const again = () => this.askAgain(request, round, lease.label);
          forward(this.parts.judge.concludeFenced(lease, fence, round, again), listener);
        }
      },
      (error) => {
        listener.onFault(error);
      },
    );
  }

  /** Asks again with another proposal, if the nodes could not agree to the first one. */
  private askAgain(
    request: AcquireRequest,
    round: RoundResult<AcquireVote>,
    label: string | undefined,
  ): Promise<Attempt> | undefined {
    const fence = this.parts.proposals.corrected(round);
    if (fence === undefined) return undefined;
    const lease = this.parts.newLease(request.resources, request.ttlMs, label);
    const again = { ...request, ownerToken: lease.ownerToken, fence };
    return holdRound(
      new AcquireCall(this.parts.judge.callContext(validForMs(lease.ttlMs)), lease, again),
    ).then((votes) => this.parts.judge.concludeFenced(lease, fence, votes));
  }
}
