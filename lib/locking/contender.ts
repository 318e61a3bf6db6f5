import type { AsyncResource } from 'node:async_hooks';
import type { Attempt, AttemptListener, FailedAttempt, WonAttempt } from '../core/attempt';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import { Backoff, type BackoffSetup } from './backoff';
import type { InBag } from './bag';
import type { CheckedLockOptions } from './check-lock-options';
import type { HeldLock } from './lock';
import type { Courtesy } from './courtesy';
import { Cohort, type Turn, type Win } from './turn';
import { Wait } from './wait';
import type { PlaceInLine, Waiter, WaitingLine } from './waiting-line';

/** What the contenders of one service share. */
export interface Arena extends BackoffSetup {
  readonly line: WaitingLine<Turn>;
  readonly courtesy: Courtesy;
  /** Makes a lock of what was won. */
  hand(win: Win, contender: Contender): HeldLock;
  /** It is over without a lock. */
  failed(error: unknown, contender: Contender): void;
  /** Takes over an attempt whose caller went away, and leaves the place when the nodes have answered. */
  discard(attempt: Promise<Attempt>, place: PlaceInLine<Turn>): void;
}

/** One caller on its way to a lock: in line behind those of its process, then attempt by attempt (R7, R15). */
export class Contender implements Waiter<Turn>, AttemptListener, InBag {
  bagPosition = -1;

  private readonly startedAtMs: number;
  private readonly place: PlaceInLine<Turn>;
  private pending: Promise<Attempt> | undefined;
  private cohort: Cohort | undefined;
  private turnsToSitOut = 0;
  /** Takes the attempt under way when the caller has gone. */
  private late: AttemptListener | undefined;
  private isOver = false;
  /** Whoever cancels rejects the promise that it waits for. */
  private isInPromises = false;
  /** Nearly all locks are won without one. */
  private maybeWait: Wait | undefined;
  /** Since the first attempt failed, or was left to others. */
  private backoff: Backoff | undefined;

  constructor(
    readonly resources: readonly string[],
    readonly options: CheckedLockOptions,
    private readonly arena: Arena,
    private readonly resolve: (lock: HeldLock) => void,
    private readonly reject: (error: unknown) => void,
    /** Of the caller. */
    readonly context?: AsyncResource,
  ) {
    this.startedAtMs = arena.clock.now();
    if (options.signal !== undefined) this.maybeWait = this.newWait();
    this.place = arena.line.join(resources, this);
    if (this.place.isFirst) this.turnsToSitOut = arena.courtesy.take(resources);
  }

  get waitedMs(): number {
    return this.arena.clock.now() - this.startedAtMs;
  }

  get ttlMs(): number {
    return this.options.ttlMs;
  }

  get fencing(): boolean {
    return this.options.fencing;
  }

  get autoExtend(): boolean {
    return this.options.autoExtend;
  }

  /**
   * Resolves with the lock, or rejects: with a busy or unavailable error at the deadline, or with the reason of `cancel`.
   * Nearly all locks are won at once, and need no promise but the caller's.
   */
  compete(): void {
    if (this.place.isFirst && this.turnsToSitOut === 0) this.ask(false, this);
    else void this.competeInTurn();
  }

  /** Of the first attempt, if nobody was before us. */
  onAttempt(attempt: Attempt): void {
    if (this.late !== undefined) this.late.onAttempt(attempt);
    else if (attempt.outcome === 'won') this.succeed(attempt);
    else void this.goOn(attempt);
  }

  onFault(error: unknown): void {
    if (this.late !== undefined) this.late.onFault(error);
    else this.fail(error);
  }

  /** Ends the waiting with `reason`. */
  cancel(reason: unknown): void {
    this.wait.cancel(reason);
  }

  /** Of the wait. What is asleep or waits for an attempt hears of it there. */
  cancelled(reason: unknown): void {
    if (this.isOver || this.isInPromises) return;
    this.pending = new Promise((resolve, reject) => {
      this.late = { onAttempt: resolve, onFault: reject };
    });
    this.fail(reason);
  }

  onFirst(turn: Turn | undefined): void {
    this.pending = turn?.attempt;
    this.cohort = turn?.cohort;
    this.turnsToSitOut = this.pending === undefined ? this.arena.courtesy.take(this.resources) : 0;
    this.wait.wake();
  }

  private async competeInTurn(): Promise<void> {
    this.isInPromises = true;
    try {
      if (!this.place.isFirst) await this.standInLine();
      const attempt = this.turnsToSitOut > 0 ? undefined : await this.nextAttempt(false);
      this.succeed(attempt?.outcome === 'won' ? this.take(attempt) : await this.attemptUntilWon(attempt));
    } catch (error) {
      this.fail(error);
    }
  }

  private async goOn(failed: FailedAttempt): Promise<void> {
    this.isInPromises = true;
    try {
      this.succeed(await this.attemptUntilWon(failed));
    } catch (error) {
      this.fail(error);
    }
  }

  private succeed({ hold, confirmation }: WonAttempt): void {
    this.end();
    const { place } = this;
    const cohort = this.cohort ?? Cohort.startingAt(this.arena.clock, place.followers);
    this.resolve(this.arena.hand({ hold, confirmation, place, cohort }, this));
  }

  private fail(error: unknown): void {
    this.end();
    // The place stays taken until the nodes have answered: the next caller must not meet our own partial grants.
    if (this.pending === undefined) this.place.leave();
    else this.arena.discard(this.pending, this.place);
    this.arena.failed(error, this);
    this.reject(error);
  }

  private end(): void {
    this.isOver = true;
    this.backoff?.stop();
    this.maybeWait?.end();
  }

  private get wait(): Wait {
    return (this.maybeWait ??= this.newWait());
  }

  private newWait(): Wait {
    const { waitMs, signal } = this.options;
    return new Wait(this.arena.clock, this.startedAtMs, waitMs, signal, this);
  }

  private async standInLine(): Promise<void> {
    do {
      if (this.wait.isOver) throw new LockBusyError({ resources: this.resources, waitedMs: this.waitedMs });
      await this.wait.sleep(Infinity);
    } while (!this.place.isFirst);
  }

  /** @param first the first attempt; undefined: others come first */
  private async attemptUntilWon(first: FailedAttempt | undefined): Promise<WonAttempt> {
    const backoff = new Backoff(this.arena, this.resources, this.wait, this.turnsToSitOut);
    this.backoff = backoff;
    let isContended = first?.outcome !== 'unavailable';
    if (first === undefined) await backoff.sitOut();
    else await this.backOff(backoff, first);
    // Ends at the deadline: it is looked at after every attempt, and sleeping does not pass it.
    for (;;) {
      const attempt = await this.nextAttempt(isContended);
      if (attempt.outcome === 'won') return this.take(attempt);
      isContended = attempt.outcome === 'busy';
      await this.backOff(backoff, attempt);
    }
  }

  /** An attempt, or the one that was left to us. Rejects when it is cancelled meanwhile. */
  private nextAttempt(isContended: boolean): Promise<Attempt> {
    this.pending ??= new Promise((resolve, reject) => {
      this.ask(isContended, { onAttempt: resolve, onFault: reject });
    });
    return this.wait.unlessCancelled(this.pending);
  }

  private take(won: WonAttempt): WonAttempt {
    // Cancelled after the vote, before its turn to run: nobody waits for this lock any more.
    this.wait.throwIfCancelled();
    this.pending = undefined;
    return won;
  }

  private async backOff(backoff: Backoff, failed: FailedAttempt): Promise<void> {
    this.wait.throwIfCancelled();
    this.pending = undefined;
    this.cohort = undefined;
    if (this.wait.isOver) throw this.giveUp(failed);
    await backoff.after(failed);
  }

  private ask(isContended: boolean, listener: AttemptListener): void {
    const { ttlMs, fencing } = this;
    const options = { ttlMs, isContended, leaderFirst: this.backoff?.begin() === true, fencing };
    this.arena.redlock.attempt(this.resources, options, listener);
  }

  private giveUp(attempt: FailedAttempt): Error {
    const facts = { resources: this.resources, waitedMs: this.waitedMs, votes: attempt.votes };
    return attempt.outcome === 'busy' ? new LockBusyError(facts) : new LockUnavailableError(facts);
  }
}
