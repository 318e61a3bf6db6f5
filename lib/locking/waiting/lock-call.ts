import type { AsyncResource } from 'node:async_hooks';
import type { LockKind } from '../../ports/lock-kind';
import type { CheckedLockOptions } from '../api/complete-lock-options';
import type { Admissible } from './admission';
import type { Asker } from '../api/asker';

/** Begins the acquisition of a call when the call is admitted. */
export interface LockCallOwner<L> {
  admitted(call: LockCall<L>): void;
}

/**
 * The request of a caller. There may be very many of them, so a call has nothing else until it is admitted.
 *
 * @typeParam L the class of the lock that the caller gets
 */
export class LockCall<L> implements Admissible {
  constructor(
    readonly resources: readonly string[],
    readonly options: CheckedLockOptions,
    private readonly owner: LockCallOwner<L>,
    /** The moment of the call on the monotonic clock. */
    readonly startedAtMs: number,
    readonly resolve: (lock: L) => void,
    readonly reject: (error: unknown) => void,
    /** The caller's async context. */
    readonly context: AsyncResource | undefined,
    readonly asker: Asker,
    /** The way in which the resources are to be held. Undefined: exclusively. */
    readonly kind: LockKind | undefined,
  ) {}

  begin(): void {
    this.owner.admitted(this);
  }
}
