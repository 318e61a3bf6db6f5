import type { Clock, Timer } from '../../ports/clock.interface';
import { DueQueue, type Due } from '../../collections/due-queue';

/** A held lock, as the keeper sees it. */
export interface KeptAlive extends Due {
  /**
   * Does what is due: extends, releases, or declares the lock lost. It is called when that is due, and when the
   * clocks disagree.
   *
   * @returns the time of the next call on the monotonic clock; null: never
   */
  attend(): number | null;
}

/** While locks are held, the wall clock is compared with the monotonic clock this often. */
const LOOK_EVERY_MS = 1_000;

/** The wall clock may run ahead by this much. More means that the machine slept, or that its time was set. */
const CLOCK_TOLERANCE_MS = 100;

/**
 * Serves all held locks with a single timer (R18): calls each of them when its extension or its end is due.
 *
 * A suspended machine stops the timers and the monotonic clock. So the keeper looks at the wall clock now and
 * then, and calls every lock if that clock ran ahead (R4).
 */
export class KeepAlive {
  private readonly queue = new DueQueue<KeptAlive>();
  private timer: Timer | undefined;
  private timerAtMs = Infinity;
  private wallAheadMs: number;

  constructor(private readonly clock: Clock) {
    this.wallAheadMs = this.readWallAheadMs();
  }

  get size(): number {
    return this.queue.size;
  }

  /** Calls `kept.attend()` at `dueAtMs` on the monotonic clock. Another call moves that time. */
  keep(kept: KeptAlive, dueAtMs: number): void {
    if (this.timer === undefined) this.wallAheadMs = this.readWallAheadMs();
    this.queue.put(kept, dueAtMs);
    this.setTimer();
  }

  drop(kept: KeptAlive): void {
    // The timer stays set for a while. Else a lone caller would stop it and set it again with every lock.
    this.queue.remove(kept);
  }

  /** No lock is kept alive any more, and none will come. */
  rest(): void {
    if (this.queue.size === 0) this.stopTimer();
  }

  private setTimer(): void {
    const { firstDueAtMs } = this.queue;
    // A timer that comes too early finds nothing due, and is set again. That is cheaper than moving it with every
    // lock.
    if (this.queue.size === 0 || this.timerAtMs <= firstDueAtMs) return;
    const now = this.clock.now();
    const atMs = Math.min(firstDueAtMs, now + LOOK_EVERY_MS);
    this.stopTimer();
    this.timerAtMs = atMs;
    this.timer = this.clock.schedule(
      Math.max(0, atMs - now),
      () => {
        this.look();
      },
      { background: true },
    );
  }

  private stopTimer(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.timerAtMs = Infinity;
  }

  private look(): void {
    this.stopTimer();
    const jumped = this.hasWallJumped();
    for (const kept of jumped ? this.queue.all() : this.takeDue()) this.attendTo(kept);
    this.setTimer();
  }

  /**
   * The loop ends, since each lock leaves the queue. Those that are due again at once are called at the next look.
   */
  private takeDue(): KeptAlive[] {
    const now = this.clock.now();
    const due: KeptAlive[] = [];
    while (this.queue.firstDueAtMs <= now) {
      const kept = this.queue.first as KeptAlive;
      this.queue.remove(kept);
      due.push(kept);
    }
    return due;
  }

  private attendTo(kept: KeptAlive): void {
    const nextMs = kept.attend();
    if (nextMs === null) this.queue.remove(kept);
    else this.queue.put(kept, nextMs);
  }

  /** Small steps forward add up until they count. */
  private hasWallJumped(): boolean {
    const wallAheadMs = this.readWallAheadMs();
    const jumped = wallAheadMs - this.wallAheadMs > CLOCK_TOLERANCE_MS;
    if (jumped || wallAheadMs < this.wallAheadMs) this.wallAheadMs = wallAheadMs;
    return jumped;
  }

  private readWallAheadMs(): number {
    return this.clock.wallNow() - this.clock.now();
  }
}

/** The time from an acquire or extension to the next extension: about a third of the ttl, so that two may fail. */
export function extendDelayMs(ttlMs: number, fraction: number): number {
  return (ttlMs / 3) * (0.9 + 0.2 * fraction);
}

const LONGEST_GRAIN_MS = 20;

/**
 * The time of the next extension, on the same clock as `nowMs`. It is rounded up to steps that are short against
 * the ttl, and whole milliseconds: of 100,000 locks many are due at the same moment, and share a command.
 */
export function extendAtMs(nowMs: number, ttlMs: number, fraction: number): number {
  const grainMs = Math.max(1, Math.min(LONGEST_GRAIN_MS, Math.floor(ttlMs / 50)));
  return Math.ceil((nowMs + extendDelayMs(ttlMs, fraction)) / grainMs) * grainMs;
}

const SHORTEST_EXTEND_RETRY_MS = 10;

/**
 * The delay after an extension that too few nodes answered. It is short enough to use the time that is left, and
 * long enough not to ask all the time.
 */
export function extendRetryDelayMs(ttlMs: number, fraction: number): number {
  return Math.max(SHORTEST_EXTEND_RETRY_MS, ttlMs / 20) * (0.5 + fraction);
}
