import type { Attempt, AttemptListener, FailedAttempt } from '../core/attempt';
import type { Clock } from '../core/clock.interface';
import type { Hold } from '../core/hold';
import type { LockNode } from '../core/lock-node.interface';
import type { Redlock } from '../core/redlock';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { CheckedLockOptions } from './check-lock-options';
import type { HeldLock } from './lock';
import type { Courtesy } from './courtesy';
import { ReleaseListener, type ReleaseHint } from './release-listener';
import { collisionDelayMs, confirmDelayMs, outageDelayMs, pollDelayMs } from './retry-delay';
import { Cohort, type Seat, type Turn } from './turn';
import { Wait } from './wait';
import type { PlaceInLine, Waiter, WaitingLine } from './waiting-line';

/** What the contenders of one service share. */
export interface Arena {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly redlock: Redlock;
  readonly line: WaitingLine<Turn>;
  readonly courtesy: Courtesy;
  fraction(): number;
  /** Makes a lock of what was won. */
  hand(win: Win, contender: Contender): HeldLock;
  /** It is over without a lock. */
  failed(error: unknown, contender: Contender): void;
  /** Takes over an attempt whose caller went away, and leaves the place when the nodes have answered. */
  discard(attempt: Promise<Attempt>, place: PlaceInLine<Turn>): void;
}

/** What a contender has when it has won. */
export interface Win extends Seat {
  readonly hold: Hold;
}

/** After one node told of a release: the others are expected to follow within this time. */
const FOLLOW_UP_MS = 3;

/** How long the others get to take what was left to them. */
const SIT_OUT_MS = 4;

/** So often the votes are believed to be split between contenders that meet by chance. */
const MOST_COLLISIONS = 4;

/** Those who wait for a ttl to end do not all come at the same moment. */
const SPREAD_MS = 5;

/** Without a better hint, a waiter that is told of releases looks after this time all the same. */
const LONGEST_SLEEP_MS = 1_000;

/** One caller on its way to a lock: in line behind those of its process, then attempt by attempt (R7, R15). */
export class Contender implements Waiter<Turn>, AttemptListener {
  private readonly wait: Wait;
  private readonly place: PlaceInLine<Turn>;
  private pending: Promise<Attempt> | undefined;
  private cohort: Cohort | undefined;
  private turnsToSitOut = 0;
  private startedAtMs = 0;
  /** Takes the attempt under way when the caller has gone. */
  private late: AttemptListener | undefined;
  private isOver = false;
  /** Whoever cancels rejects the promise that it waits for. */
  private isInPromises = false;
  /** Failed attempts in a row, without a hint in between: those that got a part of the votes, and the others. */
  private splits = 0;
  private denials = 0;
  /** Whether the next attempt is one of several at the same moment. */
  private leaderFirst = false;
  private listener: ReleaseListener | undefined;

  constructor(
    readonly resources: readonly string[],
    readonly options: CheckedLockOptions,
    private readonly arena: Arena,
    private readonly resolve: (lock: HeldLock) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.wait = new Wait(arena.clock, options.waitMs, options.signal, this);
    this.place = arena.line.join(resources, this);
    if (this.place.isFirst) this.turnsToSitOut = arena.courtesy.take(resources);
  }

  get waitedMs(): number {
    return this.wait.waitedMs;
  }

  get ttlMs(): number {
    return this.options.ttlMs;
  }

  get fencing(): boolean {
    return this.options.fencing;
  }

  /**
   * Resolves with the lock, or rejects: with a busy or unavailable error at the deadline, or with the reason of `cancel`.
   * Nearly all locks are won at once, and need no promise but the caller's.
   */
  compete(): void {
    if (!this.place.isFirst || this.turnsToSitOut > 0) void this.competeInTurn();
    else {
      this.ask(false, this);
    }
  }

  /** Of the first attempt, if nobody was before us. */
  onAttempt(attempt: Attempt): void {
    if (this.late !== undefined) this.late.onAttempt(attempt);
    else if (attempt.outcome === 'won') this.succeed(attempt.hold);
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

  private succeed(hold: Hold): void {
    this.end();
    const { place } = this;
    const cohort = this.cohort ?? Cohort.startingAt(this.arena.clock, place.followers);
    this.resolve(this.arena.hand({ hold, place, cohort }, this));
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
    this.listener?.stop();
    this.wait.end();
  }

  private async standInLine(): Promise<void> {
    do {
      if (this.wait.isOver) throw new LockBusyError({ resources: this.resources, waitedMs: this.waitedMs });
      await this.wait.sleep(Infinity);
    } while (!this.place.isFirst);
  }

  /** @param failed the first attempt; undefined: others come first */
  private async attemptUntilWon(failed: FailedAttempt | undefined): Promise<Hold> {
    if (failed === undefined) {
      this.listen();
      this.leaderFirst = true;
      await this.wait.sleep(SIT_OUT_MS);
    } else await this.untilNextAttempt(failed, 1);
    let isContended = failed?.outcome !== 'unavailable';
    // Ends at the deadline: it is looked at after every attempt, and sleeping does not pass it.
    for (let attempts = failed === undefined ? 1 : 2; ; attempts++) {
      const attempt = await this.nextAttempt(isContended);
      if (attempt.outcome === 'won') return this.take(attempt);
      isContended = attempt.outcome === 'busy';
      await this.untilNextAttempt(attempt, attempts);
    }
  }

  /** An attempt, or the one that was left to us. Rejects when it is cancelled meanwhile. */
  private nextAttempt(isContended: boolean): Promise<Attempt> {
    this.pending ??= new Promise((resolve, reject) => {
      this.ask(isContended, { onAttempt: resolve, onFault: reject });
    });
    return this.wait.unlessCancelled(this.pending);
  }

  private take({ hold }: Extract<Attempt, { outcome: 'won' }>): Hold {
    // Cancelled after the vote, before its turn to run: nobody waits for this lock any more.
    this.wait.throwIfCancelled();
    this.pending = undefined;
    return hold;
  }

  private async untilNextAttempt(failed: FailedAttempt, attempts: number): Promise<void> {
    this.wait.throwIfCancelled();
    this.pending = undefined;
    this.cohort = undefined;
    if (this.wait.isOver) throw this.giveUp(failed);
    // Subscribe first, then try again, then sleep: a release in between is not missed (R7).
    if (this.listener === undefined && this.listen().isReliable) return;
    await this.wait.sleep(this.sleepMs(failed, attempts));
  }

  private ask(isContended: boolean, listener: AttemptListener): void {
    const { ttlMs, fencing, leaderFirst } = this;
    // Whatever ends the next sleep, if not a hint, ends it for us alone. All nodes are asked then: the leading node may
    // have a key that nobody releases, and does not know for how long the others are taken.
    this.leaderFirst = false;
    this.startedAtMs = this.arena.clock.now();
    const options = { ttlMs, isContended, leaderFirst, fencing };
    this.arena.redlock.attempt(this.resources, options, listener);
  }

  /** How long the last attempt took. */
  private get tookMs(): number {
    return this.arena.clock.now() - this.startedAtMs;
  }

  private listen(): ReleaseListener {
    const { nodes, redlock } = this.arena;
    this.listener = new ReleaseListener({
      nodes,
      resources: this.resources,
      leadingNode: () => redlock.leadingNode,
      onMaybeFree: (hint) => {
        this.hear(hint);
      },
    });
    return this.listener;
  }

  private hear({ isNow, leaderFirst }: ReleaseHint): void {
    this.splits = 0;
    this.denials = 0;
    if (this.turnsToSitOut > 0 && isNow) this.turnsToSitOut -= 1;
    this.leaderFirst = leaderFirst || this.turnsToSitOut > 0;
    // Others come first; if none of them takes it, we do.
    if (this.turnsToSitOut > 0) this.wait.wakeWithin(SIT_OUT_MS);
    else if (isNow) this.wait.wake();
    else this.wait.wakeWithin(FOLLOW_UP_MS);
  }

  private sleepMs(attempt: FailedAttempt, attempts: number): number {
    const fraction = this.arena.fraction();
    if (attempt.outcome === 'unavailable') return outageDelayMs(attempts, fraction);
    // Not for ever: a holder may be missing on a node, which then grants to everybody.
    if (attempt.isSplit && this.splits < MOST_COLLISIONS) {
      this.splits += 1;
      // One by one, in turn with a try at all nodes: the leading one may be taken by nobody who counts.
      this.leaderFirst = this.splits % 2 === 1;
      return collisionDelayMs(this.splits, this.tookMs, fraction);
    }
    this.denials += 1;
    // A little more: nodes round their ttls down, and others wait for the same moment.
    const untilFreeMs = (attempt.freeInMs ?? LONGEST_SLEEP_MS) + 1 + fraction * SPREAD_MS;
    if (this.listener?.isReliable) {
      return this.denials > 1 ? untilFreeMs : Math.min(untilFreeMs, confirmDelayMs(fraction));
    }
    // Many may be polling: every other time as one of them, and every other time on its own.
    this.leaderFirst = attempts % 2 === 0;
    return Math.min(untilFreeMs, pollDelayMs(attempts, fraction));
  }

  private giveUp(attempt: FailedAttempt): Error {
    const facts = { resources: this.resources, waitedMs: this.waitedMs, votes: attempt.votes };
    return attempt.outcome === 'busy' ? new LockBusyError(facts) : new LockUnavailableError(facts);
  }
}
