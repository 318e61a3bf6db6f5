import type { Clock } from '../ports/clock.interface';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { Admission } from './waiting/admission';
import type { Asker } from './waiting/asker';
import type { UnorderedBag } from '../collections/unordered-bag';
import { LockCall } from './waiting/lock-call';
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
  private isTurningAway = false;
  private onIdle: (() => void) | undefined;

  constructor(private readonly rest: Rest) {}

  admits(asker: Asker): boolean {
    return this.phase === 'open' || (this.phase === 'closing' && this.mayBeHolder(asker));
  }

  /** Resolves when nobody holds or waits any more, or after `timeoutMs`. After that nobody is admitted. */
  async begin(timeoutMs: number): Promise<void> {
    this.phase = 'closing';
    this.turnAway((asker) => !this.mayBeHolder(asker));
    await this.untilIdle(timeoutMs);
    this.phase = 'closed';
    this.turnAway(() => true);
  }

  /** Notes that somebody does not hold or wait any more. */
  someoneLeft(): void {
    if (this.phase === 'open') return;
    if (this.phase === 'closing') this.turnAway((asker) => !this.mayBeHolder(asker));
    if (this.isIdle) this.onIdle?.();
  }

  private mayBeHolder({ isInside }: Asker): boolean {
    return isInside || this.rest.held.all().some((lock) => lock.isHandle);
  }

  private turnAway(isRefused: (asker: Asker) => boolean): void {
    // Each that goes calls this again, and nobody stops to hold by that.
    if (this.isTurningAway) return;
    this.isTurningAway = true;
    const { admission, acquisitions } = this.rest;
    for (const one of admission.turnAway()) {
      if (!(one instanceof LockCall || one instanceof Acquisition) || !isRefused(one.asker))
        admission.enter(one);
      else if (one instanceof LockCall) this.rest.acquisitionOf(one as LockCall<HeldLock>);
    }
    for (const one of acquisitions.all()) {
      if (isRefused(one.asker)) one.cancel(closedError(one.resources, one.waitedMs));
    }
    this.isTurningAway = false;
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
