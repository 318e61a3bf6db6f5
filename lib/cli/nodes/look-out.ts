import type { Timer } from '../../ports/clock.interface';
import { systemClock } from '../../system/system-clock';

/**
 * Runs `look` again and again until `stopped` aborts: every `intervalMs`, and sooner when it is told to hurry; never
 * twice at the same time.
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

  /** Something has happened; a crowd of news is one look. */
  hurry(): void {
    if (this.isHurried) return;
    this.isHurried = true;
    this.sleepAtMost(this.soonMs);
  }

  async run(look: () => Promise<void>): Promise<void> {
    this.stopped.addEventListener('abort', () => this.wake?.());
    // Ends when the user wants it.
    while (!this.stopped.aborted) {
      this.isHurried = false;
      await look();
      if (!this.isStopped) await this.sleep();
    }
  }

  /** Behind a method: it changes while a look is awaited. */
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
