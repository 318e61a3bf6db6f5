import type { AcquireRequest, AcquireVote, LockNode } from '../ports/lock-node.interface';
import type { Lease } from './lease';
import type { CallContext } from './quorum-call';
import { AcquireCall, type KnownVote } from './acquire-call';

/** Hears each vote that comes after an attempt was decided. */
export interface LateVotes<T> {
  hearLate(trial: T, node: LockNode, vote: AcquireVote): void;
}

/** An attempt of a caller that stands in line or may enter it. It also has to know of votes that come late. */
export class SharingCall<T = unknown> extends AcquireCall {
  constructor(
    callContext: CallContext,
    lease: Lease,
    request: AcquireRequest,
    known: KnownVote | undefined,
    private readonly late: LateVotes<T>,
    private readonly trial: T,
  ) {
    super(callContext, lease, request, known);
  }

  override onLateVote(node: LockNode, vote: AcquireVote, position: number): void {
    super.onLateVote(node, vote, position);
    this.late.hearLate(this.trial, node, vote);
  }
}
