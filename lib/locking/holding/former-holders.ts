import type { Lease } from '../../core/lease';
import { type Extension, type Release, releaseByTakingOver } from '../../core/outcomes';
import { remainingMs } from '../../core/validity';
import type { Clock } from '../../ports/clock.interface';

/** Hears what came of a release. */
export type Settle = (release: Release) => void;

/**
 * Those who had a lease that has changed hands as it is, and have not heard yet whether it was theirs to the end. What the
 * nodes are asked after somebody was done tells that of all who were done by then.
 */
export class FormerHolders {
  private waiting: Settle[] = [];

  add(settle: Settle): void {
    this.waiting.push(settle);
  }

  get areWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** The lease is extended at this moment; tells what came of that to those who wait now. */
  askedNow(): (extension: Extension) => void {
    const asked = this.takeAll();
    return (extension) => {
      const release = releaseByTakingOver(extension);
      tell(asked, release);
      // Whoever was done meanwhile did not have it either. Some nodes may have it again by this very extension.
      if (extension.outcome === 'gone') tell(this.takeAll(), release);
    };
  }

  /** The lease ends at this moment; who gets what comes of that tells those who wait now, and then `settle`. */
  andThen(settle: Settle, { validity }: Lease, clock: Clock): Settle {
    if (!this.areWaiting) return settle;
    const asked = this.takeAll();
    const isCertain = remainingMs(clock, validity) > 0;
    return (release) => {
      // It may have been there when they were done, and have expired since.
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
