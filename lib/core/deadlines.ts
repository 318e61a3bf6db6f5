import type { Clock, Timer } from '../ports/clock.interface';

/** What has to be over by a certain time. Only {@link Deadlines} writes the fields. */
export interface Limited {
  dueAtMs: number;
  before: Limited | undefined;
  behind: Limited | undefined;
  /** The time is over, and the replies that have arrived were delivered. */
  onDeadline(): void;
}

/**
 * The deadlines of all rounds on a clock, with one timer: a timer per round would be a large part of what an
 * uncontended lock costs.
 *
 * A linked list by time. Nearly all rounds have the same timeout, so a new one belongs at the end.
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

  /** Only for what was added, and once. */
  remove(limited: Limited): void {
    this.link(limited.before, limited.behind);
    limited.before = undefined;
    limited.behind = undefined;
    // The timer stays: a lone caller would stop and set one with every round.
    if (this.isResting && this.first === undefined) this.stopTimer();
  }

  /** Nothing is to come: no timer keeps the process alive when the last round is over. Whatever is added after all, counts. */
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
      // An event loop that was blocked runs its timers before it reads its sockets (R5).
      else this.clock.afterArrivedReplies(this.expire);
    });
  }

  private stopTimer(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.timerAtMs = Infinity;
  }

  /** A timer that comes too early, because its round was settled meanwhile, finds nothing due and is set again. */
  private readonly expire = (): void => {
    this.stopTimer();
    const now = this.clock.now();
    for (let due = this.first; due !== undefined && due.dueAtMs <= now; due = this.first) due.onDeadline();
    this.setTimer();
  };
}
