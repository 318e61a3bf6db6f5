import { showAs } from '../errors/shown-as';
import type { HeldLock } from '../locking/holding/held-lock';
import type { Lock, ReleaseOutcome } from '../locking/api/lock.interface';
import type { LockTicket } from '../locking/api/lock-ticket';

/**
 * A further handle of a lock that a unit of work keeps. The lock is not released before the handle is, even if the unit
 * has ended by then.
 */
export class AnotherHandle implements Lock {
  private finish: (() => void) | undefined;

  /**
   * @param letGo is called once, when the handle is released, and before the lock may end by that
   * @throws LockLostError when the lock was lost before: nobody can rely on work under it
   */
  constructor(
    private readonly lock: HeldLock,
    private readonly letGo: () => void,
  ) {
    lock.holdUntil(new Promise<void>((resolve) => (this.finish = resolve)));
  }

  get resources(): readonly string[] {
    return this.lock.resources;
  }

  get mode(): Lock['mode'] {
    return this.lock.mode;
  }

  get slots(): readonly number[] {
    return this.lock.slots;
  }

  get ownerToken(): string {
    return this.lock.ownerToken;
  }

  get label(): string | undefined {
    return this.lock.label;
  }

  get fencingToken(): number | undefined {
    return this.lock.fencingToken;
  }

  get signal(): AbortSignal {
    return this.lock.signal;
  }

  get isHeld(): boolean {
    return this.lock.isHeld;
  }

  get remainingMs(): number {
    return this.lock.remainingMs;
  }

  assertHeld(minRemainingMs?: number): void {
    this.lock.assertHeld(minRemainingMs);
  }

  extend(ttl?: number): Promise<void> {
    return this.lock.extend(ttl);
  }

  holdUntil(promise: PromiseLike<unknown>): void {
    this.lock.holdUntil(promise);
  }

  detach(): Promise<LockTicket> {
    return this.lock.detach();
  }

  release(): Promise<ReleaseOutcome | 'deferred' | 'detached'> {
    const { finish } = this;
    if (finish !== undefined) {
      this.finish = undefined;
      this.letGo();
      finish();
    }
    return this.lock.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

showAs(AnotherHandle.prototype, 'Lock', ({ resources, isHeld, remainingMs, fencingToken }) => ({
  ...{ resources, isHeld, remainingMs, fencingToken },
}));
