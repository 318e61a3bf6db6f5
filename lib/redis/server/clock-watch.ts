import type { Clock } from '../../ports/clock.interface';
import { readInstant, type Instant } from '../../core/validity';

/** A moment on the clock of a server, and one of ours that was not later. */
interface Sample {
  readonly serverMs: number;
  readonly ours: Instant;
}

/** A sample is replaced after this time. Within it, clocks that are merely a little fast stay within the budget. */
const KEEP_SAMPLE_MS = 30_000;

/** Clocks that are being adjusted differ by 500 ppm at most times; a budget for short ttls must not be used up by that. */
const USUAL_DRIFT = 0.001;

/**
 * Notices when the clock of a server runs away: Redis lets keys expire by its wall clock, so one that is set forward
 * ends locks before their time.
 *
 * Compared with both clocks of ours, of which one stands still while the machine sleeps and the other may be set: only
 * a server that is ahead of both has jumped. A slow network or a busy event loop makes it look late, never ahead.
 */
export class ClockWatch {
  private sample: Sample | undefined;

  /** @param budgetMs how far a server may get ahead: the drift that the shortest ttl in use has room for */
  constructor(
    private readonly clock: Clock,
    private readonly budgetMs: number,
  ) {}

  /**
   * The server said its time just now.
   *
   * @param sentAt when it was asked, if that is known
   * @returns by how many milliseconds it jumped ahead, if it did
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

  /** The least by which the clock is ahead: the sample may be older than we know, and the answer was under way. */
  private aheadMs(sample: Sample, serverMs: number): number {
    const { monotonicMs, wallMs } = readInstant(this.clock);
    const passedMs = Math.max(monotonicMs - sample.ours.monotonicMs, wallMs - sample.ours.wallMs);
    return serverMs - sample.serverMs - passedMs;
  }

  /** Whether the sample comes from a faster answer, from after the server's clock was set back, or is simply newer. */
  private isBetter({ serverMs, ours }: Sample): boolean {
    if (this.sample === undefined) return true;
    const passedMs = ours.monotonicMs - this.sample.ours.monotonicMs;
    return passedMs > KEEP_SAMPLE_MS || serverMs - this.sample.serverMs < passedMs;
  }
}
