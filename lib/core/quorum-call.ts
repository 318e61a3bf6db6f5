import type { Clock } from '../ports/clock.interface';
import type { FirstContact } from './first-contact';
import type { Lease } from './lease';
import type { LockNode } from '../ports/lock-node.interface';
import type { NodeGuard } from './node-guard';
import type { Refusals } from './refusals';
import type { SilentNodes } from './silent-nodes';

/** What a quorum call needs besides its request. */
export interface CallContext {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly guard: NodeGuard;
  readonly refusals: Refusals | undefined;
  readonly silence: SilentNodes | undefined;
  /**
   * Releases `lease` on one node that granted it only after its release. If another process may go on with the lease, a
   * quorum has to say first that it is gone.
   */
  cleanUpLate(lease: Lease, node: LockNode): void;
}

/** A call that asks the nodes of a {@link CallContext}. */
export abstract class NodesCall {
  constructor(protected readonly callContext: CallContext) {}

  get nodes(): readonly LockNode[] {
    return this.callContext.nodes;
  }

  get clock(): Clock {
    return this.callContext.clock;
  }

  get timeoutMs(): number {
    return this.callContext.timeoutMs;
  }

  get silence(): SilentNodes | undefined {
    return this.callContext.silence;
  }

  get firstContact(): FirstContact | undefined {
    return this.callContext.guard.firstContact;
  }
}
