import { type Due, DueQueue } from '../../lib/collections/due-queue';
import type { Clock, Timer } from '../../lib/ports/clock.interface';

/** The timers that are due at the same time, in the order in which they were made. */
interface Moment extends Due {
  readonly atMs: number;
  readonly callbacks: Map<Timer, () => void>;
}

/** Below this a delay could vanish in the rounding of a large time, and a timer would be due at once for ever. */
const SHORTEST_DELAY_MS = 0.001;

/** A clock that stands still until a test moves it, so that no test waits for real time. */
export class VirtualClock implements Clock {
  private monotonicMs = 1_000;
  private wallMs = 1_800_000_000_000;
  private readonly moments = new Map<number, Moment>();
  private readonly queue = new DueQueue<Moment>();
  private readonly arrived: (() => void)[] = [];

  now(): number {
    return this.monotonicMs;
  }

  wallNow(): number {
    return this.wallMs;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const atMs = this.monotonicMs + (delayMs <= 0 ? 0 : Math.max(delayMs, SHORTEST_DELAY_MS));
    let moment = this.moments.get(atMs);
    if (moment === undefined) {
      moment = { atMs, queuePosition: -1, callbacks: new Map() };
      this.moments.set(atMs, moment);
      this.queue.put(moment, atMs);
    }
    const { callbacks } = moment;
    const timer = { cancel: () => callbacks.delete(timer) };
    callbacks.set(timer, callback);
    return timer;
  }

  afterArrivedReplies(callback: () => void): void {
    setImmediate(() => {
      this.deliverArrived();
      // As in Node: what a reply sets off in promises comes before the immediates.
      setImmediate(callback);
    });
  }

  inLaterTurn(callback: () => void): void {
    setImmediate(callback);
  }

  get pendingTimers(): number {
    let count = 0;
    for (const { callbacks } of this.moments.values()) count += callbacks.size;
    return count;
  }

  /** Moves both clocks and runs every timer that comes due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.monotonicMs + ms;
    await settle();
    for (let due = this.takeDue(untilMs); due !== undefined; due = this.takeDue(untilMs)) {
      this.move(Math.max(0, due.atMs - this.monotonicMs));
      due.callback();
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

  /** The earliest timer that is due by then; of two that are due at the same time, the older one. */
  private takeDue(untilMs: number): { atMs: number; callback: () => void } | undefined {
    for (let moment = this.queue.first; moment !== undefined; moment = this.queue.first) {
      const { atMs } = moment;
      if (atMs > untilMs) return undefined;
      for (const [timer, callback] of moment.callbacks) {
        moment.callbacks.delete(timer);
        return { atMs, callback };
      }
      // Nothing is left of it, or all of it was cancelled.
      this.moments.delete(atMs);
      this.queue.remove(moment);
    }
    return undefined;
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
