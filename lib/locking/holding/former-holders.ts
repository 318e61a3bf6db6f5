import { type Lease, type Extension, type Release, releaseByTakingOver } from '../../core/lease';
import { remainingMs } from '../../core/validity';
import type { Clock } from '../../ports/clock.interface';

/** Receives the result of a release. */
export type Settle = (release: Release) => void;

/**
 * The holders that a lease had before it changed hands, and that do not know yet if it was theirs to the end. One
 * question to the nodes answers that for all holders who were done when it was asked.
 *
 * ```text
 *  holder A  holds ----| done
 *  holder B             holds ----| done
 *  holder C                        holds --------
 *  question                          ? --------> answer: tells A and B
 * ```
 */
export class FormerHolders {
  private waiting: Settle[] = [];

  add(settle: Settle): void {
    this.waiting.push(settle);
  }

  get areWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** Call it when the nodes are asked. The returned function tells the answer to all who wait now. */
  askedNow(): (extension: Extension) => void {
    const asked = this.takeAll();
    return (extension) => {
      const release = releaseByTakingOver(extension);
      tell(asked, release);
      // Holders who were done after the question did not have the lease either. This extension may even have put
      // the key back.
      if (extension.outcome === 'gone') tell(this.takeAll(), release);
    };
  }

  /**
   * Call it when the lease ends. The returned function tells the result to all who wait now, and then to `settle`.
   */
  andThen(settle: Settle, lease: Lease, clock: Clock): Settle {
    if (!this.areWaiting) return settle;
    const asked = this.takeAll();
    const isCertain = remainingMs(clock, lease) > 0;
    return (release) => {
      // If the lease has expired, it may still have been there when these holders were done.
      const isKnown = isCertain || release.outcome !== 'expired';
      tell(asked, { outcome: isKnown ? release.outcome : 'unknown' });
      settle(release);
    };
  }

  private takeAll(): Settle[] {
    const all = this.waiting;
    this.waiting = [];
    return all;
  }
}

function tell(all: readonly Settle[], release: Release): void {
  for (const settle of all) settle(release);
}
