import { AsyncResource } from 'node:async_hooks';
import type { Lease } from '../../core/lease';
import { LockBusyError } from '../../errors/lock-busy.error';
import type { LockLostError } from '../../errors/lock-lost.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import type { Audience, LockEvent } from '../api/lock-event.interface';
import type { ReleaseOutcome } from '../api/lock.interface';

/** Reports events of locks. An event that nobody listens to is not made. */
export class LockReports {
  constructor(
    private readonly settings: {
      readonly emit: (event: LockEvent) => void;
      readonly audience: Audience;
    },
  ) {}

  get isObserved(): boolean {
    return this.settings.audience.isObserved;
  }

  /**
   * The async context of the running call. An event that comes later, from the reply of a node, is reported in it,
   * so that a span has its parent. Undefined if nobody traces.
   */
  context(): AsyncResource | undefined {
    return this.settings.audience.isTraced ? new AsyncResource('nestjs-redlock') : undefined;
  }

  /** Reports within `context`, if somebody listens. */
  within(context: AsyncResource | undefined, tell: (reports: LockReports) => void): void {
    if (!this.isObserved) return;
    if (context === undefined) tell(this);
    else context.runInAsyncScope(tell, undefined, this);
  }

  acquired(
    lease: Lease,
    waitedMs: number,
    validityMs: number,
    { joined, contended }: { readonly joined: boolean; readonly contended: boolean },
  ): void {
    const { fencingToken } = lease;
    this.settings.emit({
      type: 'acquired',
      ...about(lease),
      ...{ fencingToken, waitedMs, validityMs },
      ...(joined ? { joined } : undefined),
      ...(contended ? { contended } : undefined),
    });
  }

  /** Reports that a caller got no lock, if the lock was the reason. */
  failed(error: unknown, resources: readonly string[], waitedMs: number): void {
    if (error instanceof LockBusyError) {
      const { holder, reason } = error;
      this.settings.emit({ type: 'busy', resources, waitedMs, holder, reason });
    }
    if (error instanceof LockUnavailableError)
      this.settings.emit({ type: 'unavailable', resources, waitedMs });
  }

  extended(lease: Lease, validityMs: number): void {
    this.settings.emit({ type: 'extended', ...about(lease), validityMs });
  }

  lost(lease: Lease, error: LockLostError, heldMs: number): void {
    this.settings.emit({ type: 'lost', ...about(lease), error, heldMs });
  }

  detached(lease: Lease, heldMs: number, validityMs: number): void {
    this.settings.emit({ type: 'detached', ...about(lease), heldMs, validityMs });
  }

  resumed(lease: Lease, waitedMs: number, validityMs: number): void {
    const { fencingToken } = lease;
    this.settings.emit({ type: 'resumed', ...about(lease), fencingToken, waitedMs, validityMs });
  }

  forceReleased(resources: readonly string[], nodeCount: number): void {
    if (this.isObserved && nodeCount > 0)
      this.settings.emit({ type: 'force-released', resources, nodeCount });
  }

  released(lease: Lease, outcome: ReleaseOutcome, heldMs: number, validityMs: number): void {
    this.settings.emit({ type: 'released', ...about(lease), outcome, heldMs, validityMs });
  }
}

type AboutHold = Pick<
  Extract<LockEvent, { type: 'extended' }>,
  'resources' | 'ownerToken' | 'label' | 'mode' | 'slots'
>;

function about({ resources, ownerToken, label, sharing }: Lease): AboutHold {
  const mode = sharing?.kind?.mode ?? 'exclusive';
  return { resources, ownerToken, label, mode, slots: sharing?.slots ?? NO_SLOTS };
}

const NO_SLOTS: readonly never[] = [];
