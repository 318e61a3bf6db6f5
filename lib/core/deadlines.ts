import type { Clock, Timer } from '../ports/clock.interface';

/** An object with a deadline. Only {@link Deadlines} writes its fields. */
export interface Limited {
  dueAtMs: number;
  before: Limited | undefined;
  behind: Limited | undefined;
  /** The deadline has passed, and the replies that have arrived were delivered. */
  onDeadline(): void;
}

/**
 * The deadlines of all rounds on a clock, with one timer. A timer per round would be a large part of what an
 * uncontended lock costs.
 *
 * ```text
 *  first                              last
 *    due 12:00.1 <-> 12:00.1 <-> 12:00.2     <- a new round joins here, since nearly all
 *    ^                                          rounds have the same timeout
 *    the timer is set for this one
 * ```
 */
export class Deadlines {
  private static readonly byClock = new WeakMap<Clock, Deadlines>();

  private first: Limited | undefined;
  private last: Limited | undefined;
  private timer: Timer | undefined;
  private timerAtMs = Infinity;
  private isResting = false;

  private constructor(private readonly clock: Clock) {}

  static of(clock: Clock): Deadlines {
    let deadlines = this.byClock.get(clock);
    if (deadlines === undefined) {
      deadlines = new Deadlines(clock);
      this.byClock.set(clock, deadlines);
    }
    return deadlines;
  }

  add(limited: Limited, timeoutMs: number): void {
    const dueAtMs = this.clock.now() + timeoutMs;
    let before = this.last;
    while (before !== undefined && before.dueAtMs > dueAtMs) before = before.before;
    const behind = before === undefined ? this.first : before.behind;
    limited.dueAtMs = dueAtMs;
    this.link(before, limited);
    this.link(limited, behind);
    this.setTimer();
  }

  /** Removes an object that was added. Call it once for each object. */
  remove(limited: Limited): void {
    this.link(limited.before, limited.behind);
    limited.before = undefined;
    limited.behind = undefined;
    // The timer stays set. Else a lone caller would stop it and set it again with every round.
    if (this.isResting && this.first === undefined) this.stopTimer();
  }

  /**
   * Nothing more is expected. So no timer keeps the process alive after the last round. What is added later still
   * counts.
   */
  rest(): void {
    this.isResting = true;
    if (this.first === undefined) this.stopTimer();
  }

  private link(before: Limited | undefined, behind: Limited | undefined): void {
    if (before === undefined) this.first = behind;
    else before.behind = behind;
    if (behind === undefined) this.last = before;
    else behind.before = before;
  }

  private setTimer(): void {
    if (this.first === undefined || this.timerAtMs <= this.first.dueAtMs) return;
    this.stopTimer();
    this.timerAtMs = this.first.dueAtMs;
    this.timer = this.clock.schedule(Math.max(0, this.timerAtMs - this.clock.now()), () => {
      if (this.first === undefined) this.stopTimer();
      // A blocked event loop runs its timers before it reads its sockets. So arrived replies come first (R5).
      else this.clock.afterArrivedReplies(this.expire);
    });
  }

  private stopTimer(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.timerAtMs = Infinity;
  }

  /**
   * The timer may come too early, because its round was settled meanwhile. Then nothing is due, and it is set
   * again.
   */
  private readonly expire = (): void => {
    this.stopTimer();
    const now = this.clock.now();
    for (let due = this.first; due !== undefined && due.dueAtMs <= now; due = this.first) due.onDeadline();
    this.setTimer();
  };
}
