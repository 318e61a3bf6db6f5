import type { Clock, Timer } from '../../lib/ports/clock.interface';

interface PendingTimer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Below this a delay could vanish in the rounding of a large time, and a timer would be due at once for ever. */
const SHORTEST_DELAY_MS = 0.001;

/** A clock that stands still until a test moves it, so that no test waits for real time. */
export class VirtualClock implements Clock {
  private monotonicMs = 1_000;
  private wallMs = 1_800_000_000_000;
  private readonly timers = new Set<PendingTimer>();
  private readonly arrived: (() => void)[] = [];

  now(): number {
    return this.monotonicMs;
  }

  wallNow(): number {
    return this.wallMs;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const atMs = this.monotonicMs + (delayMs <= 0 ? 0 : Math.max(delayMs, SHORTEST_DELAY_MS));
    const timer = { atMs, callback };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }

  afterArrivedReplies(callback: () => void): void {
    setImmediate(() => {
      this.deliverArrived();
      // As in Node: what a reply sets off in promises comes before the immediates.
      setImmediate(callback);
    });
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
    this.deliverArrived();
    this.move(Math.max(0, untilMs - this.monotonicMs));
    await settle();
  }

  /** The event loop is blocked: time passes and no timer runs, until the next `advance`. */
  stall(ms: number): void {
    this.move(ms);
  }

  /**
   * A reply that reached the socket during a stall. As in Node, the timers that are due run first, and the socket is
   * read after them.
   */
  replyArrived(deliver: () => void): void {
    this.arrived.push(deliver);
  }

  /** The machine sleeps: only the wall clock goes on. */
  suspend(ms: number): void {
    this.wallMs += ms;
  }

  /** Somebody sets the wall clock: forward, or back with a negative number. */
  setWall(byMs: number): void {
    this.wallMs += byMs;
  }

  private deliverArrived(): void {
    for (const deliver of this.arrived.splice(0)) deliver();
  }

  private move(ms: number): void {
    this.monotonicMs += ms;
    this.wallMs += ms;
  }

  private earliest(untilMs: number): PendingTimer | undefined {
    let earliest: PendingTimer | undefined;
    // In the order in which they were made: of two that are due at the same time, the older one comes first.
    for (const timer of this.timers) {
      if (timer.atMs <= untilMs && (earliest === undefined || timer.atMs < earliest.atMs)) earliest = timer;
    }
    return earliest;
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
