import type { Clock, Timer } from '../../lib/core/clock.interface';

interface PendingTimer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it, so that no test waits for real time. */
export class VirtualClock implements Clock {
  private monotonicMs = 1_000;
  private wallMs = 1_800_000_000_000;
  private made = 0;
  private readonly timers = new Set<PendingTimer>();

  now(): number {
    return this.monotonicMs;
  }

  wallNow(): number {
    return this.wallMs;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.monotonicMs + Math.max(0, delayMs), order: this.made++, callback };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }

  afterArrivedReplies(callback: () => void): void {
    setImmediate(callback);
  }

  get pendingTimers(): number {
    return this.timers.size;
  }

  /** Moves both clocks and runs every timer that comes due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.monotonicMs + ms;
    await settle();
    for (let next = this.earliest(untilMs); next !== undefined; next = this.earliest(untilMs)) {
      this.move(Math.max(0, next.atMs - this.monotonicMs));
      this.timers.delete(next);
      next.callback();
      await settle();
    }
    this.move(untilMs - this.monotonicMs);
    await settle();
  }

  /** The event loop is blocked: time passes and no timer runs, until the next `advance`. */
  stall(ms: number): void {
    this.move(ms);
  }

  /** The machine sleeps: only the wall clock goes on. */
  suspend(ms: number): void {
    this.wallMs += ms;
  }

  private move(ms: number): void {
    this.monotonicMs += ms;
    this.wallMs += ms;
  }

  private earliest(untilMs: number): PendingTimer | undefined {
    const due = [...this.timers].filter(({ atMs }) => atMs <= untilMs);
    return due.sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
