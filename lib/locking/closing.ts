import type { Clock } from '../ports/clock.interface';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import { type Admission, LockCall, type Asker } from './waiting/admission';
import type { UnorderedBag } from '../collections/unordered-bag';
import { Acquisition } from './waiting/acquisition';
import type { HeldLock } from './holding/held-lock';

/** The parts of a lock service that have to end. */
interface Rest {
  readonly clock: Clock;
  readonly admission: Admission;
  acquisitionOf(call: LockCall<HeldLock>): Acquisition<HeldLock>;
  readonly acquisitions: UnorderedBag<Acquisition<HeldLock>>;
  readonly held: UnorderedBag<HeldLock>;
}

/**
 * Ends a lock service. It waits for the holders, and serves what they ask for in the meantime, since they may need
 * it to finish. All other calls are refused.
 *
 * Code that runs under a lock is known by its async context. The code that uses a handle is not known. So while a
 * handle is held, every caller may be its holder, and is served.
 */
export class Closing {
  private phase: 'open' | 'closing' | 'closed' = 'open';
  /** True if no caller waits that would have to be refused. */
  private isTurnedAway = false;
  private onIdle: (() => void) | undefined;

  constructor(private readonly rest: Rest) {}

  admits({ isInside }: Asker): boolean {
    if (this.phase !== 'closing') return this.phase === 'open';
    if (isInside) return true;
    if (!this.isHandleHeld) return false;
    this.isTurnedAway = false;
    return true;
  }

  /** Resolves when nobody holds or waits any more, or after `timeoutMs`. After that nobody is admitted. */
  async begin(timeoutMs: number): Promise<void> {
    this.phase = 'closing';
    this.turnAwayOthers();
    await this.untilIdle(timeoutMs);
    this.phase = 'closed';
    this.turnAway(() => true);
  }

  /** Notes that a holder has ended. */
  holderLeft(): void {
    if (this.phase === 'closing') this.turnAwayOthers();
    this.waiterLeft();
  }

  /** Notes that a waiter has ended. */
  waiterLeft(): void {
    if (this.phase !== 'open' && this.isIdle) this.onIdle?.();
  }

  private get isHandleHeld(): boolean {
    return this.rest.held.some((lock) => lock.isHandle);
  }

  /**
   * Refuses the waiters that cannot be holders. This is done once and not for each holder that ends, since very many
   * callers may wait.
   */
  private turnAwayOthers(): void {
    if (this.isTurnedAway || this.isHandleHeld) return;
    this.isTurnedAway = true;
    this.turnAway(({ isInside }) => !isInside);
  }

  private turnAway(isRefused: (asker: Asker) => boolean): void {
    const { admission, acquisitions } = this.rest;
    for (const one of admission.turnAway()) {
      if (!(one instanceof LockCall || one instanceof Acquisition) || !isRefused(one.asker))
        admission.enter(one);
      else if (one instanceof LockCall) this.rest.acquisitionOf(one as LockCall<HeldLock>);
    }
    for (const one of acquisitions.all()) {
      if (isRefused(one.asker)) one.cancel(closedError(one.resources, one.waitedMs));
    }
  }

  private get isIdle(): boolean {
    return this.rest.held.size === 0 && this.rest.acquisitions.size === 0;
  }

  private untilIdle(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.isIdle) {
        resolve();
        return;
      }
      const timer = this.rest.clock.schedule(timeoutMs, resolve);
      this.onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

export function closedError(resources: readonly string[], waitedMs: number): LockUnavailableError {
  return new LockUnavailableError({ resources, waitedMs, votes: [] });
}
