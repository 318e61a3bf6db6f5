import { AsyncResource } from 'node:async_hooks';
import type { Lease } from '../../core/lease';
import { LockBusyError } from '../../errors/lock-busy.error';
import type { LockLostError } from '../../errors/lock-lost.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import type { LockEvent } from '../api/lock-event.interface';
import type { ReleaseOutcome } from '../api/lock.interface';

/** Tells what becomes of locks, as events. Those that nobody hears are not made. */
export class LockReports {
  constructor(
    private readonly settings: {
      readonly emit: (event: LockEvent) => void;
      readonly isObserved: () => boolean;
      readonly isTraced: () => boolean;
    },
  ) {}

  get isObserved(): boolean {
    return this.settings.isObserved();
  }

  /**
   * The async context of the running call, for what is told of it later, from the reply of a node: a span has its parent
   * there. Undefined when nobody traces.
   */
  context(): AsyncResource | undefined {
    return this.settings.isTraced() ? new AsyncResource('nestjs-redlock') : undefined;
  }

  /** Tells within `context`, if somebody listens. */
  within(context: AsyncResource | undefined, tell: (reports: LockReports) => void): void {
    if (!this.isObserved) return;
    if (context === undefined) tell(this);
    else context.runInAsyncScope(tell, undefined, this);
  }

  acquired(
    { resources, ownerToken, label, fencingToken }: Lease,
    waitedMs: number,
    validityMs: number,
  ): void {
    this.settings.emit({
      type: 'acquired',
      resources,
      ownerToken,
      label,
      fencingToken,
      waitedMs,
      validityMs,
    });
  }

  /** A caller went without a lock; told if it was for want of one. */
  failed(error: unknown, resources: readonly string[], waitedMs: number): void {
    if (error instanceof LockBusyError)
      this.settings.emit({ type: 'busy', resources, waitedMs, holder: error.holder });
    if (error instanceof LockUnavailableError)
      this.settings.emit({ type: 'unavailable', resources, waitedMs });
  }

  extended({ resources, ownerToken, label }: Lease, validityMs: number): void {
    this.settings.emit({ type: 'extended', resources, ownerToken, label, validityMs });
  }

  lost({ resources, ownerToken, label }: Lease, error: LockLostError, heldMs: number): void {
    this.settings.emit({ type: 'lost', resources, ownerToken, label, error, heldMs });
  }

  detached({ resources, ownerToken, label }: Lease, heldMs: number, validityMs: number): void {
    this.settings.emit({ type: 'detached', resources, ownerToken, label, heldMs, validityMs });
  }

  resumed(lease: Lease, waitedMs: number, validityMs: number): void {
    const { resources, ownerToken, label, fencingToken } = lease;
    this.settings.emit({ type: 'resumed', resources, ownerToken, label, fencingToken, waitedMs, validityMs });
  }

  released(
    { resources, ownerToken, label }: Lease,
    outcome: ReleaseOutcome,
    heldMs: number,
    validityMs: number,
  ): void {
    this.settings.emit({ type: 'released', resources, ownerToken, label, outcome, heldMs, validityMs });
  }
}
