import type { Clock } from '../../ports/clock.interface';

/**
 * A server is near if its replies come within this time after a tick, or within four times the time in which the
 * requests of a tick were made. From further away, the way takes so long that two commands cost more than they save.
 */
const NEAR_MS = 0.2;
const NEAR_TIMES = 4;

/**
 * Tells how many requests of a tick leave before the tick ends, because the server has nothing else to do.
 *
 * The callers of a process go in step: one reply lets many of them ask again. If all of them ask at the end of the
 * tick, the client waits while the server works, and the server waits while the client works. So the first half leaves
 * at once:
 *
 * ```text
 *  at the end   client  aaaa        bbbb        cccc         a number of callers takes
 *               server      aaaa        bbbb        cccc     12 columns for a round
 *
 *  in halves    client  aaAAbbBBccCC                         and 4 here
 *               server    aaAAbbBBccCC
 * ```
 *
 * Where a server is far away, the way to it takes nearly all of the time, and more commands would only cost more.
 */
export class EarlyPart {
  private lastCount = 0;
  private beganAtMs = 0;
  private endedAtMs = 0;
  private lastTookMs = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * Call it with the first request of a tick.
   *
   * @returns the number of requests that leave at once when they are together. Infinity: all leave at the end
   */
  tickBegan(): number {
    // One caller does not need the clock.
    if (this.lastCount < 2) return Infinity;
    this.beganAtMs = this.clock.now();
    const isNear = this.beganAtMs - this.endedAtMs <= NEAR_MS + NEAR_TIMES * this.lastTookMs;
    return isNear ? Math.ceil(this.lastCount / 2) : Infinity;
  }

  /** Call it at the end of a tick with the number of its requests. */
  tickEnded(count: number): void {
    if (count > 1) {
      this.endedAtMs = this.clock.now();
      this.lastTookMs = this.lastCount > 1 ? this.endedAtMs - this.beganAtMs : 0;
    }
    this.lastCount = count;
  }
}
