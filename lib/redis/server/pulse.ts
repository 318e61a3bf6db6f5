import type { Clock, Timer } from '../../ports/clock.interface';
import { type Instant, readInstant } from '../../ports/times';

const BEAT_MS = 1_000;
/**
 * A timer that is later than this is not late because of load: the process did not run, and connections may be
 * lost.
 */
const FROZEN_MS = 2_000;

export interface PulseListener {
  /** Called about once a second. */
  onBeat(): void;
  /** Called when the process did not run for a while, and runs again. What has arrived in the meantime was read. */
  onThaw(): void;
}

/** A beat for all listeners of one clock, with one timer. */
class Pulse {
  static readonly byClock = new WeakMap<Clock, Pulse>();

  private readonly listeners = new Set<PulseListener>();
  private timer: Timer | undefined;
  private last: Instant;

  constructor(private readonly clock: Clock) {
    this.last = readInstant(clock);
  }

  add(listener: PulseListener): void {
    this.listeners.add(listener);
    if (this.listeners.size > 1) return;
    this.last = readInstant(this.clock);
    this.next();
  }

  remove(listener: PulseListener): void {
    this.listeners.delete(listener);
    if (this.listeners.size === 0) this.timer?.cancel();
  }

  private next(): void {
    this.timer = this.clock.schedule(
      BEAT_MS,
      () => {
        this.beat();
      },
      { background: true },
    );
  }

  private beat(): void {
    const now = readInstant(this.clock);
    const monotonicMs = now.monotonicMs - this.last.monotonicMs;
    const wallMs = now.wallMs - this.last.wallMs;
    this.last = now;
    // A machine that sleeps stops the monotonic clock, but not the wall clock. A wall clock that was set looks the
    // same, and then a question is asked for nothing.
    const wasFrozen = monotonicMs - BEAT_MS > FROZEN_MS || Math.abs(wallMs - monotonicMs) > FROZEN_MS;
    if (wasFrozen) {
      // After a pause the timers run before the sockets are read (R5).
      this.clock.afterArrivedReplies(() => {
        for (const listener of [...this.listeners]) listener.onThaw();
      });
    } else {
      for (const listener of [...this.listeners]) listener.onBeat();
    }
    if (this.listeners.size > 0) this.next();
  }
}

/**
 * Watches if this process runs. It may be frozen for minutes: by `docker pause`, as a serverless function between
 * two calls, or on a laptop that sleeps. Meanwhile a firewall forgets its connections.
 *
 * @returns a function that stops it
 */
export function watchPulse(clock: Clock, listener: PulseListener): () => void {
  let pulse = Pulse.byClock.get(clock);
  if (pulse === undefined) {
    pulse = new Pulse(clock);
    Pulse.byClock.set(clock, pulse);
  }
  const found = pulse;
  found.add(listener);
  return () => {
    found.remove(listener);
  };
}
