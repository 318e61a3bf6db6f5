import type { AcquireRequest, AcquireVote, LockNode, PermitRequest } from '../ports/lock-node.interface';
import type { Lease } from './lease';
import type { Tally } from './quorum';
import type { CallContext } from './quorum-call';
import { AcquireCall, type KnownVote } from './quorum-calls';
import { areSlots, nameOfSlots, straySlots } from './slots';

export interface PermitCallSetup {
  readonly callContext: CallContext;
  readonly lease: Lease;
  readonly request: AcquireRequest & { readonly limit: PermitRequest };
  /** The leading node's vote, if it was asked first. */
  readonly known?: KnownVote | undefined;
  /** Nodes that gave the very permits in the first round: they are not asked again. */
  readonly kept?: ReadonlyMap<number, AcquireVote> | undefined;
  /** A node gave permits that are not held. */
  onStray(node: LockNode, slots: readonly number[]): void;
}

/** Asks the nodes for permits: won when a majority gave the same ones, and lost when none can (R25). */
export class PermitCall extends AcquireCall {
  /** How many nodes gave which permits. */
  private readonly counts = new Map<string, number>();
  private best = 0;

  constructor(private readonly setup: PermitCallSetup) {
    super(setup.callContext, setup.lease, setup.request, setup.known);
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
    // One that was not won is cleaned up as a whole.
    const { sharing } = lease;
    if (sharing === undefined || !lease.wasWon || lease.releaseBegan) return;
    // One that failed may have given something all the same.
    if (vote.kind !== 'failed' && sharing.awaited > 0) {
      sharing.awaited -= 1;
      sharing.mayHaveStrays = sharing.awaited > 0;
    }
    if (vote.kind !== 'granted') return;
    const strays = straySlots(vote.slots, sharing.slots);
    if (strays.length > 0) this.setup.onStray(node, strays);
  }

  /** What is no permit must not count as one. */
  private usable(vote: AcquireVote): AcquireVote {
    const { permits, limit } = this.setup.request.limit;
    return vote.kind !== 'granted' || areSlots(vote.slots, permits, limit) ? vote : NO_PERMITS;
  }
}

const NO_PERMITS: AcquireVote = {
  kind: 'failed',
  error: new Error('the node granted permits, and did not tell which'),
};
