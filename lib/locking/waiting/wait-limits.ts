import { DueQueue, type Due } from '../../collections/due-queue';
import type { Clock, Timer } from '../../ports/clock.interface';

/** A caller in line, with the end of its waiting time. */
export interface LimitedWait extends Due {
  /** Called when its time is over. It is not in the queue any more then. */
  onWaitOver(): void;
}

/** The ends of all waiting in the lines of this process, with one timer, since very many callers may wait. */
export class WaitLimits {
  private readonly queue = new DueQueue<LimitedWait>();
  private timer: Timer | undefined;
  private timerAtMs = Infinity;

  constructor(private readonly clock: Clock) {}

  /** @param atMs the end, on the monotonic clock */
  add(wait: LimitedWait, atMs: number): void {
    this.queue.put(wait, atMs);
    this.setTimer();
  }

  /** Removes a caller. It does nothing if the caller is not in the queue. */
  remove(wait: LimitedWait): void {
    if (wait.queuePosition < 0) return;
    this.queue.remove(wait);
    // The timer would keep the process alive for nobody.
    if (this.queue.size === 0) this.stopTimer();
  }

  /** The timer may come too early, because a caller has left. Then nothing is due, and it is set again. */
  private setTimer(): void {
    const { size, firstDueAtMs } = this.queue;
    if (size === 0 || (this.timer !== undefined && this.timerAtMs <= firstDueAtMs)) return;
    this.stopTimer();
    this.timerAtMs = firstDueAtMs;
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
    // The loop ends, since each caller leaves the queue, and callers that come in the meantime wait for longer
    // than this.
    while (this.queue.firstDueAtMs <= now) {
      const wait = this.queue.first as LimitedWait;
      this.queue.remove(wait);
      wait.onWaitOver();
    }
    this.setTimer();
  };
}
