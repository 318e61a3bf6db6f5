import type { Clock, Timer } from '../../lib/ports/clock.interface';
import type { Random } from './random';
import type { Timeline } from './timeline';

/** What a clock needs to know of the process that reads it. */
export interface Runner {
  readonly timeline: Timeline;
  /** Runs `turn` now, or when the process runs again. */
  runTimer(turn: () => void): void;
  runImmediate(turn: () => void): void;
}

const SHORTEST_DELAY_MS = 0.001;

/** The two clocks and the timers of one process, all of them a little wrong. */
export class SimulatedClock implements Clock {
  /** How far the running turn has got beyond the time at which it began. */
  aheadMs = 0;
  pendingTimers = 0;

  private readonly rate: number;
  private wallStepsMs = 0;
  private sleptMs = 0;
  private asleepSinceMs: number | undefined;

  constructor(
    private readonly runner: Runner,
    plan: { readonly drift: number; readonly timerLagMs: number; readonly offMs?: number },
    private readonly random: Random,
  ) {
    this.rate = 1 + plan.drift;
    this.lagMs = plan.timerLagMs;
    this.offMs = plan.offMs ?? 0;
  }

  private readonly lagMs: number;
  private readonly offMs: number;

  now(): number {
    const trueMs = this.trueMs;
    const asleepMs = this.asleepSinceMs === undefined ? 0 : trueMs - this.asleepSinceMs;
    return 1_000 + (trueMs - this.sleptMs - asleepMs) * this.rate;
  }

  wallNow(): number {
    return 1_800_000_000_000 + this.offMs + this.trueMs * this.rate + this.wallStepsMs;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const dueMs = this.now() + Math.max(delayMs, SHORTEST_DELAY_MS);
    let isOver = false;
    const end = () => {
      if (isOver) return false;
      isOver = true;
      this.pendingTimers -= 1;
      return true;
    };
    this.pendingTimers += 1;
    if (dueMs !== Infinity) {
      this.wakeAt(dueMs, () => {
        if (end()) callback();
      });
    }
    return { cancel: end };
  }

  afterArrivedReplies(callback: () => void): void {
    this.runner.runImmediate(callback);
  }

  /** It comes in the same turn: the judge looks after each turn who still waits, and no caller here asks without a pause. */
  inLaterTurn(callback: () => void): void {
    void Promise.resolve().then(callback);
  }

  sleep(): void {
    this.asleepSinceMs ??= this.trueMs;
  }

  awake(): void {
    this.sleptMs += this.trueMs - (this.asleepSinceMs ?? this.trueMs);
    this.asleepSinceMs = undefined;
  }

  setWall(byMs: number): void {
    this.wallStepsMs += byMs;
  }

  private wakeAt(dueMs: number, wake: () => void): void {
    const lagMs = this.lagMs === 0 ? 0 : this.random.between(0, this.lagMs);
    const inMs = Math.max(SHORTEST_DELAY_MS, (dueMs - this.now()) / this.rate + lagMs);
    this.runner.timeline.at(this.trueMs + inMs, () => {
      this.runner.runTimer(() => {
        // The machine slept meanwhile.
        if (this.now() < dueMs - SHORTEST_DELAY_MS) this.wakeAt(dueMs, wake);
        else wake();
      });
    });
  }

  private get trueMs(): number {
    return this.runner.timeline.nowMs + this.aheadMs;
  }
}
