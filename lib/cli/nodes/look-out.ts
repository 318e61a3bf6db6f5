import type { Timer } from '../../ports/clock.interface';
import { systemClock } from '../../system/system-clock';

/**
 * Repeats `look` until `stopped` aborts: every `intervalMs`, and sooner when `hurry` is called, but never twice at
 * the same time.
 */
export class LookOut {
  private readonly soonMs = 50;
  private timer: Timer | undefined;
  private wake: (() => void) | undefined;
  private isHurried = false;

  constructor(
    private readonly intervalMs: number,
    private readonly stopped: AbortSignal,
  ) {}

  /** Asks for a look soon. Many calls cause one look. */
  hurry(): void {
    if (this.isHurried) return;
    this.isHurried = true;
    this.sleepAtMost(this.soonMs);
  }

  async run(look: () => Promise<void>): Promise<void> {
    this.stopped.addEventListener('abort', () => this.wake?.());
    // The loop ends when the user wants it.
    while (!this.stopped.aborted) {
      this.isHurried = false;
      await look();
      if (!this.isStopped) await this.sleep();
    }
  }

  /** This is a method, since the value changes while a look is awaited. */
  private get isStopped(): boolean {
    return this.stopped.aborted;
  }

  private sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.timer?.cancel();
        this.wake = undefined;
        resolve();
      };
      this.sleepAtMost(this.isHurried ? this.soonMs : this.intervalMs);
    });
  }

  private sleepAtMost(ms: number): void {
    if (this.wake === undefined) return;
    this.timer?.cancel();
    this.timer = systemClock.schedule(Math.min(ms, this.intervalMs), this.wake);
  }
}
