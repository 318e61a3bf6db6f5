import type { AsyncResource } from 'node:async_hooks';
import type { Attempt, AttemptListener, FailedAttempt, WonAttempt } from '../../core/attempt';
import { PlaceInLines, type LineSettings } from '../../core/line';
import type { LockKind } from '../../core/lock-kind';
import { detached } from '../../system/detached';
import type { Admissible, Admission } from './admission';
import type { Asker } from './asker';
import { WaitForRelease, type WaitForReleaseSetup } from './wait-for-release';
import type { InUnorderedBag } from '../../collections/unordered-bag';
import type { LockCall } from './lock-call';
import type { CheckedLockOptions } from '../checks/complete-lock-options';
import { busyInLine, gaveUp, refuseCrowd } from './give-up';
import {
  HandoverBudget,
  type Handover,
  type KeptRenewal,
  type LeaseAsItIs,
  type WonLease,
} from './handover-budget';
import { InterruptibleSleep } from './interruptible-sleep';
import type { TurnsOwed } from './turns-owed';
import type { LimitedWait, WaitLimits } from './wait-limits';
import type { PlaceInLine, Waiter } from './place-in-line';
import { WaitingLine } from './waiting-line';

/** What the acquisitions of one service share. */
export interface AcquisitionSetup extends WaitForReleaseSetup {
  readonly admission: Admission;
  readonly line: WaitingLine<Handover>;
  readonly turnsOwed: TurnsOwed;
  readonly waitLimits: WaitLimits;
  readonly lines: LineSettings;
}

/** Hears how an acquisition ends: exactly one of `won`, `joined` (with true) and `failed`, once. */
export interface AcquisitionListener<L> {
  won(lease: WonLease, acquisition: Acquisition<L>): void;
  /** Whether the caller, a reader, has come to a hold that its process has already; then it has its lock. */
  joined(acquisition: Acquisition<L>): boolean;
  /** The acquisition ended without a lock. */
  failed(error: unknown, acquisition: Acquisition<L>): void;
  /**
   * Besides, before `failed`: the caller went away while an attempt was under way. Whoever hears of it releases what the
   * attempt may win, and leaves the place when the nodes have answered.
   */
  abandoned(attempt: Promise<Attempt>, place: PlaceInLine<Handover>): void;
}

/** One caller on its way to a lock: in line behind those of its process, then attempt by attempt (R7, R15). */
export class Acquisition<L>
  implements Admissible, Waiter<Handover>, AttemptListener, InUnorderedBag, LimitedWait
{
  bagPosition = -1;
  dueAtMs = Infinity;
  queuePosition = -1;

  /** Its place in line, from the moment when it was let in. */
  private place: PlaceInLine<Handover> | undefined;
  private pending: Promise<Attempt> | undefined;
  /** The last attempt, until it is known for how long to wait now. What waits for long keeps nothing of it. */
  private failed: FailedAttempt | undefined;
  private budget: HandoverBudget | undefined;
  private turnsToSitOut = 0;
  /** Takes the attempt under way when the caller has gone. */
  private late: AttemptListener | undefined;
  private isOver = false;
  /** Somebody had it, or stood before it in line. */
  isContended = false;
  /** Whoever cancels rejects the promise that it waits for. */
  private isInPromises = false;
  /** Nearly all locks are won without one. */
  private maybeWait: InterruptibleSleep | undefined;
  /** In the lines on the nodes; nearly all locks are asked for without a look at them. */
  places: PlaceInLines | undefined;
  /** How it waits between attempts, once the first attempt has failed or was left to others. */
  private backoff: WaitForRelease | undefined;

  constructor(
    readonly call: LockCall<L>,
    private readonly setup: AcquisitionSetup,
    private readonly listener: AcquisitionListener<L>,
  ) {
    if (call.options.signal !== undefined) this.maybeWait = this.newWait();
    if (call.kind !== undefined || call.options.fair) this.places = this.newPlaces();
  }

  get resources(): readonly string[] {
    return this.call.resources;
  }

  get options(): CheckedLockOptions {
    return this.call.options;
  }

  get asker(): Asker {
    return this.call.asker;
  }

  get kind(): LockKind | undefined {
    return this.call.kind;
  }

  /** The caller's async context. */
  get context(): AsyncResource | undefined {
    return this.call.context;
  }

  get waitedMs(): number {
    return this.setup.clock.now() - this.call.startedAtMs;
  }

  get ttlMs(): number {
    return this.options.ttlMs;
  }

  get fencing(): boolean {
    return this.options.fencing;
  }

  get isFair(): boolean {
    return this.options.fair;
  }

  get label(): string | undefined {
    return this.options.label;
  }

  get autoExtend(): boolean {
    return this.options.autoExtend;
  }

  /**
   * The caller gets the lock, or an error: busy or unavailable at the deadline, or the reason of `cancel`. Nearly all locks
   * are won at once, and need no promise but the caller's.
   */
  begin(): void {
    const { admission, turnsOwed, line } = this.setup;
    if (this.isOver) {
      admission.leave();
      return;
    }
    try {
      refuseCrowd(line, this);
      const place = this.mayPass
        ? new WaitingLine<Handover>().join([], this)
        : line.join(this.resources, this);
      this.place = place;
      // The lines on the nodes say whose turn it is, where they are looked at.
      if (place.isFirst && this.places === undefined) this.turnsToSitOut = turnsOwed.take(this.resources);
      if (place.isFirst && this.turnsToSitOut === 0) {
        if (this.hasJoined()) {
          admission.leave();
          return;
        }
        this.ask(false, this);
        return;
      }
      // It waits for others, and does not ask.
      this.isContended = true;
      admission.leave();
      if (place.isFirst) void this.compete();
      else this.standInLine(place);
    } catch (error) {
      this.onFault(error);
    }
  }

  /** Hears of the first attempt, if nobody was before us. While that attempt is under way, we count as let in. */
  onAttempt(attempt: Attempt): void {
    this.setup.admission.leave();
    if (this.late !== undefined) this.late.onAttempt(attempt);
    else if (attempt.outcome === 'won') this.succeed(attempt);
    // A node of one's own may tell in the async context of any other request.
    else {
      this.failed = attempt;
      void detached(this.goOn.bind(this));
    }
  }

  onFault(error: unknown): void {
    // What `onAttempt` threw comes here too, when it has left.
    if (!this.isOver || this.late !== undefined) this.setup.admission.leave();
    if (this.late !== undefined) this.late.onFault(error);
    else this.fail(error);
  }

  /** Ends the waiting with `reason`. */
  cancel(reason: unknown): void {
    this.wait.cancel(reason);
  }

  /** Called by the sleep when it is cancelled. Code that sleeps, or waits for an attempt, hears of it there. */
  cancelled(reason: unknown): void {
    if (this.isOver || this.isInPromises) return;
    if (this.place?.isFirst !== true) {
      this.fail(reason);
      return;
    }
    this.pending = new Promise((resolve, reject) => {
      this.late = { onAttempt: resolve, onFault: reject };
    });
    this.fail(reason);
  }

  onFirst(turn: Handover | undefined): void {
    this.setup.waitLimits.remove(this);
    if (turn?.lease !== undefined) {
      this.takeAsItIs(turn);
      return;
    }
    this.pending = turn?.attempt;
    this.budget = turn?.budget;
    const isFree = this.pending === undefined && this.places === undefined;
    this.turnsToSitOut = isFree ? this.setup.turnsOwed.take(this.resources) : 0;
    // Whoever was before us leaves in the async context of a caller of its own.
    void detached(() => this.compete(true));
  }

  /** Its time in line is over. */
  onWaitOver(): void {
    if (this.place !== undefined) this.fail(busyInLine(this, this.place));
  }

  /** A caller in line is this object and its place: there may be very many of them. */
  private standInLine(place: PlaceInLine<Handover>): void {
    const deadlineMs = this.call.startedAtMs + this.options.waitMs;
    if (this.setup.clock.now() >= deadlineMs) this.fail(busyInLine(this, place));
    else this.setup.waitLimits.add(this, deadlineMs);
  }

  private takeAsItIs({ lease, budget, renewal }: LeaseAsItIs): void {
    const attempt: WonAttempt = { outcome: 'won', lease };
    try {
      this.budget = budget;
      this.succeed(attempt, renewal);
    } catch (error) {
      this.pending = Promise.resolve(attempt);
      this.fail(error);
    }
  }

  /** It is first, and asks the nodes, or waits for what was left to it. */
  private async compete(wasInLine = false): Promise<void> {
    this.isInPromises = true;
    try {
      // Not within the call with which the one before it left: thousands may leave one after the other.
      if (wasInLine) await this.wait.unlessCancelled(AT_ONCE);
      if (this.hasJoined()) return;
      // Else all in line would find out one after the other that the nodes are away.
      const failed = this.setup.outage.known(this.options.outageWaitMs, this.wait.remainingMs);
      if (this.pending === undefined && failed !== undefined) throw gaveUp(this, failed);
      const won = this.turnsToSitOut > 0 ? undefined : this.wonBy(await this.nextAttempt(false));
      this.succeed(won ?? (await this.attemptUntilWon()));
    } catch (error) {
      this.fail(error);
    }
  }

  private async goOn(): Promise<void> {
    this.isInPromises = true;
    this.isContended = this.failed?.outcome === 'busy';
    try {
      this.succeed(await this.attemptUntilWon());
    } catch (error) {
      this.fail(error);
    }
  }

  private succeed({ lease, confirmation }: WonAttempt, renewal?: KeptRenewal): void {
    // Cancelled after the vote, before its turn to run: nobody waits for this lock any more, and it is cleaned up.
    this.maybeWait?.throwIfCancelled();
    this.end();
    const place = this.place as PlaceInLine<Handover>;
    this.setup.outage.noteWin(confirmation ?? renewal);
    const { clock } = this.setup;
    const budget =
      this.budget ?? HandoverBudget.startingAt(clock, place.followers, this.atOnce, place.isKnownAlone);
    place.hold(lease);
    this.listener.won({ lease, confirmation, place, budget, renewal }, this);
  }

  private fail(error: unknown): void {
    this.end();
    // The place stays taken until the nodes have answered: the next caller must not meet our own partial grants.
    if (this.pending === undefined) this.place?.leave();
    else this.listener.abandoned(this.pending, this.place as PlaceInLine<Handover>);
    this.listener.failed(error, this);
  }

  private end(): void {
    this.isOver = true;
    this.setup.waitLimits.remove(this);
    this.backoff?.stop();
    this.maybeWait?.end();
    this.places?.end();
  }

  /** Whether it has its lock by a hold of this process that readers may still come to. */
  private hasJoined(): boolean {
    if (this.call.kind?.mode !== 'shared' || !this.listener.joined(this)) return false;
    this.end();
    this.place?.leave();
    return true;
  }

  /** Those before it do not keep what it wants to themselves, and it cannot wait for their answers: it asks beside them. */
  private get mayPass(): boolean {
    return this.call.kind !== undefined && this.options.waitMs === 0;
  }

  /** How many like it may hold the resource at the same time, but for readers, who pass on nothing. */
  private get atOnce(): number {
    const { kind } = this.call;
    return kind?.mode === 'limited' ? Math.floor(kind.limit / kind.permits) : 1;
  }

  private newPlaces(): PlaceInLines {
    return new PlaceInLines(this.setup.lines, this.resources, this.call.kind);
  }

  private get wait(): InterruptibleSleep {
    return (this.maybeWait ??= this.newWait());
  }

  private newWait(): InterruptibleSleep {
    const { waitMs, signal } = this.options;
    return new InterruptibleSleep(this.setup.clock, this.call.startedAtMs, waitMs, signal, this);
  }

  /** The first attempt has failed, or was left to others, who come first. */
  private async attemptUntilWon(): Promise<WonAttempt> {
    const backoff = (this.backoff = new WaitForRelease(this.setup, this, this.wait, this.turnsToSitOut));
    let isContended = this.failed?.outcome !== 'unavailable';
    await (this.failed === undefined ? backoff.sitOut() : this.backOff(backoff));
    // Ends at the deadline: it is looked at after every attempt, and sleeping does not pass it.
    for (;;) {
      const won = this.wonBy(await this.nextAttempt(isContended));
      if (won !== undefined) return won;
      isContended = this.failed?.outcome === 'busy';
      await this.backOff(backoff);
    }
  }

  private wonBy(attempt: Attempt): WonAttempt | undefined {
    if (attempt.outcome === 'won') return attempt;
    this.failed = attempt;
    return undefined;
  }

  /** An attempt, or the one that was left to us. Rejects when it is cancelled meanwhile. */
  private nextAttempt(isContended: boolean): Promise<Attempt> {
    this.pending ??= new Promise((resolve, reject) => {
      this.ask(isContended, { onAttempt: resolve, onFault: reject });
    });
    return this.wait.unlessCancelled(this.pending);
  }

  /** @returns what to wait for before the next attempt */
  private backOff(backoff: WaitForRelease): Promise<void> | undefined {
    const failed = this.failed as FailedAttempt;
    this.failed = undefined;
    this.wait.throwIfCancelled();
    this.pending = undefined;
    this.budget = undefined;
    // Somebody else has it, or nobody can say.
    this.place?.learnOfOthers(undefined);
    if (this.wait.isOver) return this.endUnlessSplit(backoff, failed);
    // The writer's mark: else readers would come and come, and it would wait for ever.
    if (failed.by === 'shared' || failed.by === 'limit') this.places ??= this.newPlaces();
    if (backoff.isOutageTooLong(failed)) throw gaveUp(this, failed);
    return backoff.after(failed);
  }

  private async endUnlessSplit(backoff: WaitForRelease, failed: FailedAttempt): Promise<void> {
    if (!(await backoff.afterSplit(failed))) throw gaveUp(this, failed);
  }

  private ask(isContended: boolean, listener: AttemptListener): void {
    const { ttlMs, fencing, label } = this;
    const options = { ttlMs, isContended, leaderFirst: this.backoff?.begin() === true, fencing, label };
    const { redlock } = this.setup;
    const { places } = this;
    if (places === undefined) redlock.acquire(this.resources, options, listener);
    else redlock.sharing.acquire(this.resources, { ...options, kind: this.kind, places }, listener);
  }
}

const AT_ONCE = Promise.resolve();
