import type { AcquireRequest, AcquireVote, LockNode, PermitRequest } from '../ports/lock-node.interface';
import type { Lease } from './lease';
import type { Tally } from './quorum';
import type { CallContext } from './quorum-call';
import type { KnownVote } from './acquire-call';
import { type LateVotes, SharingCall } from './sharing-call';
import { areSlots, nameOfSlots, straySlots } from './slots';

export interface PermitCallSetup<T> {
  readonly callContext: CallContext;
  readonly lease: Lease;
  readonly request: AcquireRequest & { readonly limit: PermitRequest };
  /** The leading node's vote, if it was asked first. */
  readonly known?: KnownVote | undefined;
  /** The grants of the first round with exactly these permits. Their nodes are not asked again. */
  readonly kept?: ReadonlyMap<number, AcquireVote> | undefined;
  readonly late: LateVotes<T>;
  readonly trial: T;
  /** Called when a node gave permits that are not a part of the lease. */
  onStray(node: LockNode, slots: readonly number[]): void;
}

/**
 * Asks the nodes for permits. It is won when a majority gave the same permits, and lost when no majority can any
 * more (R25).
 */
export class PermitCall<T = unknown> extends SharingCall<T> {
  /** The number of nodes for each set of permits. */
  private readonly counts = new Map<string, number>();
  private best = 0;

  constructor(private readonly setup: PermitCallSetup<T>) {
    super(setup.callContext, setup.lease, setup.request, setup.known, setup.late, setup.trial);
  }

  override ask(node: LockNode, give: (vote: AcquireVote) => void, position: number): void {
    const kept = this.setup.kept?.get(position);
    if (kept !== undefined) give(kept);
    else
      super.ask(
        node,
        (vote) => {
          give(this.usable(vote));
        },
        position,
      );
  }

  override onVote(position: number, vote: AcquireVote): void {
    super.onVote(position, vote);
    if (vote.kind !== 'granted') return;
    const name = nameOfSlots(vote.slots ?? []);
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    this.best = Math.max(this.best, count);
  }

  override isSettled(tally: Tally): boolean {
    return super.isSettled({ ...tally, granted: this.best });
  }

  override onLateVote(node: LockNode, vote: AcquireVote, position: number): void {
    super.onLateVote(node, vote, position);
    const { lease } = this.setup;
    // An attempt that was not won is cleaned up as a whole.
    const { sharing } = lease;
    if (sharing === undefined || !lease.wasWon || lease.releaseBegan) return;
    // A node that failed may have given permits all the same.
    if (vote.kind !== 'failed' && sharing.awaited > 0) {
      sharing.awaited -= 1;
      sharing.mayHaveStrays = sharing.awaited > 0;
    }
    if (vote.kind !== 'granted') return;
    const strays = straySlots(vote.slots, sharing.slots);
    if (strays.length > 0) this.setup.onStray(node, strays);
  }

  /** Turns a grant with wrong permits into a failed vote. */
  private usable(vote: AcquireVote): AcquireVote {
    const { permits, limit } = this.setup.request.limit;
    return vote.kind !== 'granted' || areSlots(vote.slots, permits, limit) ? vote : NO_PERMITS;
  }
}

const NO_PERMITS: AcquireVote = {
  kind: 'failed',
  error: new Error('the node granted permits, and did not tell which'),
};
