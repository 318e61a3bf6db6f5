import type { Clock, Timer } from '../../ports/clock.interface';
import { type Instant, readInstant } from '../../core/validity';

const BEAT_MS = 1_000;
/** A timer that is later than this was not merely busy: connections may have been forgotten meanwhile. */
const FROZEN_MS = 2_000;

export interface PulseListener {
  /** Called about once a second. */
  onBeat(): void;
  /** The process did not run for a while, and does now. What has arrived meanwhile was read. */
  onThaw(): void;
}

/** The beat of one clock, with one timer for all who listen. */
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
    // A machine that sleeps stops the monotonic clock and not the other one. A wall clock that was set looks the same,
    // and costs a question that need not have been asked.
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
 * Feels whether this process runs: it may be frozen for minutes, by `docker pause`, a function that is not called, or the
 * lid of a laptop, while a firewall forgets its connections.
 *
 * @returns stops it
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
