import { DueQueue, type Due } from '../../collections/due-queue';
import type { Clock, Timer } from '../../ports/clock.interface';

/** Who stands in line, and for no longer than it wants to wait. */
export interface LimitedWait extends Due {
  /** Its time is over. It is in the queue no more. */
  onWaitOver(): void;
}

/** The ends of all waiting in the lines of this process, with one timer: there may be very many who wait. */
export class WaitLimits {
  private readonly queue = new DueQueue<LimitedWait>();
  private timer: Timer | undefined;
  private timerAtMs = Infinity;

  constructor(private readonly clock: Clock) {}

  /** @param atMs on the monotonic clock */
  add(wait: LimitedWait, atMs: number): void {
    this.queue.put(wait, atMs);
    this.setTimer();
  }

  /** Harmless when it is not in the queue. */
  remove(wait: LimitedWait): void {
    if (wait.queuePosition < 0) return;
    this.queue.remove(wait);
    // Else it would keep the process alive for nobody.
    if (this.queue.size === 0) this.stopTimer();
  }

  /** A timer that comes too early, because somebody has left, finds nothing due and is set again. */
  private setTimer(): void {
    const { first } = this.queue;
    if (first === undefined || (this.timer !== undefined && this.timerAtMs <= first.dueAtMs)) return;
    this.stopTimer();
    this.timerAtMs = first.dueAtMs;
    this.timer = this.clock.schedule(Math.max(0, this.timerAtMs - this.clock.now()), this.look);
  }

  private stopTimer(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.timerAtMs = Infinity;
  }

  private readonly look = (): void => {
    this.stopTimer();
    const now = this.clock.now();
    // Ends, since each one leaves the queue, and whoever comes meanwhile waits for longer than this.
    for (let wait = this.queue.first; wait !== undefined && wait.dueAtMs <= now; wait = this.queue.first) {
      this.queue.remove(wait);
      wait.onWaitOver();
    }
    this.setTimer();
  };
}
