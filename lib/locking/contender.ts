import type { Attempt, FailedAttempt } from '../core/attempt';
import type { Clock } from '../core/clock.interface';
import type { Hold } from '../core/hold';
import type { LockNode } from '../core/lock-node.interface';
import type { Redlock } from '../core/redlock';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { CheckedLockOptions } from './check-lock-options';
import { ReleaseListener, type MaybeFree } from './release-listener';
import { outageDelayMs, pollDelayMs } from './retry-delay';
import { Cohort, type Seat, type Turn } from './turn';
import { Wait } from './wait';
import type { PlaceInLine, Waiter, WaitingLine } from './waiting-line';

/** What the contenders of one service share. */
export interface Arena {
  readonly nodes: readonly LockNode[];
  readonly clock: Clock;
  readonly redlock: Redlock;
  readonly line: WaitingLine<Turn>;
  fraction(): number;
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

/** Without a better hint, a waiter that is told of releases looks after this time all the same. */
const LONGEST_SLEEP_MS = 1_000;

/** One caller on its way to a lock: in line behind those of its process, then attempt by attempt (R7, R15). */
export class Contender implements Waiter<Turn> {
  readonly ttlMs: number;

  private readonly wait: Wait;
  private readonly place: PlaceInLine<Turn>;
  private pending: Promise<Attempt> | undefined;
  private cohort: Cohort | undefined;
  private turnsToSitOut = 0;
  private listener: ReleaseListener | undefined;

  constructor(
    readonly resources: readonly string[],
    options: CheckedLockOptions,
    private readonly arena: Arena,
  ) {
    this.ttlMs = options.ttlMs;
    this.wait = new Wait(arena.clock, options.waitMs, options.signal);
    this.place = arena.line.join(resources, this);
  }

  get waitedMs(): number {
    return this.wait.waitedMs;
  }

  /** Rejects with a busy or unavailable error at the deadline, or with the reason of `cancel`. */
  async win(): Promise<Win> {
    try {
      if (!this.place.isFirst) await this.standInLine();
      const hold = await this.attemptUntilWon();
      const cohort = this.cohort ?? Cohort.startingAt(this.arena.clock.now(), this.place.followers);
      return { hold, place: this.place, cohort };
    } catch (error) {
      // The place stays taken until the nodes have answered: the next caller must not meet our own partial grants.
      if (this.pending === undefined) this.place.leave();
      else this.arena.discard(this.pending, this.place);
      throw error;
    } finally {
      this.listener?.stop();
      this.wait.end();
    }
  }

  /** Ends the waiting with `reason`. */
  cancel(reason: unknown): void {
    this.wait.cancel(reason);
  }

  onFirst(turn: Turn | undefined): void {
    this.pending = turn?.attempt;
    this.cohort = turn?.cohort;
    this.turnsToSitOut = turn?.othersFirst ?? 0;
    this.wait.wake();
  }

  private async standInLine(): Promise<void> {
    do {
      if (this.wait.isOver) throw new LockBusyError({ resources: this.resources, waitedMs: this.waitedMs });
      await this.wait.sleep(Infinity);
    } while (!this.place.isFirst);
  }

  private async attemptUntilWon(): Promise<Hold> {
    let isContended = this.turnsToSitOut > 0;
    if (isContended) {
      this.listen();
      await this.wait.sleep(SIT_OUT_MS);
    }
    // Ends at the deadline: `isOver` is looked at after every attempt, and sleeping does not pass it.
    for (let attempts = 1; ; attempts++) {
      this.pending ??= this.arena.redlock.acquire(this.resources, { ttlMs: this.ttlMs, isContended });
      const attempt = await this.wait.unlessCancelled(this.pending);
      // Cancelled after the vote, before its turn to run: nobody waits for this lock any more.
      this.wait.throwIfCancelled();
      this.pending = undefined;
      if (attempt.outcome === 'won') return attempt.hold;
      this.cohort = undefined;
      if (this.wait.isOver) throw this.giveUp(attempt);
      isContended = attempt.outcome === 'busy';
      // Subscribe first, then try again, then sleep: a release in between is not missed (R7).
      if (this.listener === undefined && this.listen().isReliable) continue;
      await this.wait.sleep(this.sleepMs(attempt, attempts));
    }
  }

  private listen(): ReleaseListener {
    const { nodes, redlock } = this.arena;
    this.listener = new ReleaseListener({
      nodes,
      resources: this.resources,
      leadingNode: () => redlock.leadingNode,
      onMaybeFree: (when) => {
        this.hear(when);
      },
    });
    return this.listener;
  }

  private hear(when: MaybeFree): void {
    if (this.turnsToSitOut > 0) {
      if (when === 'now') this.turnsToSitOut -= 1;
      // Others come first; if none of them takes it, we do.
      if (this.turnsToSitOut > 0) {
        this.wait.wakeWithin(SIT_OUT_MS);
        return;
      }
    }
    if (when === 'now') this.wait.wake();
    else this.wait.wakeWithin(FOLLOW_UP_MS);
  }

  private sleepMs(attempt: FailedAttempt, attempts: number): number {
    const fraction = this.arena.fraction();
    if (attempt.outcome === 'unavailable') return outageDelayMs(attempts, fraction);
    // A millisecond more: nodes round their ttls down.
    const untilFreeMs = (attempt.freeInMs ?? LONGEST_SLEEP_MS) + 1;
    return this.listener?.isReliable ? untilFreeMs : Math.min(untilFreeMs, pollDelayMs(attempts, fraction));
  }

  private giveUp(attempt: FailedAttempt): Error {
    const facts = { resources: this.resources, waitedMs: this.waitedMs, votes: attempt.votes };
    return attempt.outcome === 'busy' ? new LockBusyError(facts) : new LockUnavailableError(facts);
  }
}
