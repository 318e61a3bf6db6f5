import type { Clock } from '../../ports/clock.interface';
import { readInstant, type Instant } from '../../ports/times';

/** A moment on the clock of a server, and a moment of ours that was not later. */
interface Sample {
  readonly serverMs: number;
  readonly ours: Instant;
}

/** A sample is replaced after this time. Until then, clocks that are only a little fast stay within the budget. */
const KEEP_SAMPLE_MS = 30_000;

/**
 * Clocks that are being adjusted usually differ by at most 500 ppm. That must not use up the budget of a short
 * ttl.
 */
const USUAL_DRIFT = 0.001;

/**
 * Notices when the clock of a server jumps ahead. Redis lets keys expire by its wall clock, so a clock that is set
 * forward ends locks too early.
 *
 * The server's clock is compared with both of our clocks: one stands still while the machine sleeps, and the other
 * may be set. Only a server that is ahead of both has jumped. A slow network or a busy event loop makes the server
 * look late, never ahead.
 */
export class ClockWatch {
  private sample: Sample | undefined;

  /** @param budgetMs a server may get ahead by this much: the drift that the shortest ttl in use allows */
  constructor(
    private readonly clock: Clock,
    private readonly budgetMs: number,
  ) {}

  /**
   * Notes the time that the server just told.
   *
   * @param sentAt the moment at which it was asked, if that is known
   * @returns the milliseconds by which it jumped ahead, if it did
   */
  saw(serverMicros: number, sentAt?: Instant): number | undefined {
    const serverMs = serverMicros / 1_000;
    const aheadMs = this.sample === undefined ? 0 : this.aheadMs(this.sample, serverMs);
    const sinceMs = this.sample === undefined ? 0 : serverMs - this.sample.serverMs - aheadMs;
    const hasJumped = aheadMs > Math.max(this.budgetMs, sinceMs * USUAL_DRIFT);
    if (sentAt !== undefined && (hasJumped || this.isBetter({ serverMs, ours: sentAt }))) {
      this.sample = { serverMs, ours: sentAt };
    } else if (hasJumped) {
      this.sample = { serverMs, ours: readInstant(this.clock) };
    }
    return hasJumped ? aheadMs : undefined;
  }

  /**
   * The least by which the clock is ahead: the sample may be older than we know, and the answer needed time to
   * arrive.
   */
  private aheadMs(sample: Sample, serverMs: number): number {
    const { monotonicMs, wallMs } = readInstant(this.clock);
    const passedMs = Math.max(monotonicMs - sample.ours.monotonicMs, wallMs - sample.ours.wallMs);
    return serverMs - sample.serverMs - passedMs;
  }

  /** Tells if the sample is better: from a faster answer, from after the server's clock was set back, or newer. */
  private isBetter({ serverMs, ours }: Sample): boolean {
    if (this.sample === undefined) return true;
    const passedMs = ours.monotonicMs - this.sample.ours.monotonicMs;
    return passedMs > KEEP_SAMPLE_MS || serverMs - this.sample.serverMs < passedMs;
  }
}
