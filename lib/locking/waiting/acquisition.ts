import type { AsyncResource } from 'node:async_hooks';
import type { Attempt, AttemptListener, FailedAttempt, WonAttempt } from '../../core/attempt';
import { PlaceInLines, type LineSettings } from '../../core/line';
import type { LockKind } from '../../ports/lock-kind';
import { detached } from '../../ports/detached';
import type { Admissible, Admission, LockCall, Asker } from './admission';
import { AttemptLoop, type AttemptingCaller, type AttemptOrder } from './attempt-loop';
import type { WaitForReleaseSetup } from './wait-for-release';
import type { InUnorderedBag } from '../../collections/unordered-bag';
import type { CheckedLockOptions } from '../api/complete-lock-options';
import { busyInLine } from './give-up';
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

/** The parts that all acquisitions of one service share. */
export interface AcquisitionSetup extends WaitForReleaseSetup {
  readonly admission: Admission;
  readonly line: WaitingLine<Handover>;
  readonly turnsOwed: TurnsOwed;
  readonly waitLimits: WaitLimits;
  readonly lines: LineSettings;
}

/** Hears how an acquisition ends. Exactly one of `won`, `joined` (if it returns true) and `failed` is called, once. */
export interface AcquisitionListener<L> {
  won(lease: WonLease, acquisition: Acquisition<L>): void;
  /** @returns true if the caller, a reader, has joined a lease that its process already has. Then it has its lock */
  joined(acquisition: Acquisition<L>): boolean;
  /** Called when the acquisition ended without a lock. */
  failed(error: unknown, acquisition: Acquisition<L>): void;
  /**
   * Called before `failed` if the caller gave up while an attempt was under way. The listener has to release what the
   * attempt may win, and to leave the place when the nodes have answered.
   */
  abandoned(attempt: Promise<Attempt>, place: PlaceInLine<Handover>): void;
}

/**
 * Gets the lock for one caller. It waits in line behind the other callers of its process, and then asks the nodes once.
 * If that attempt fails, an {@link AttemptLoop} makes the next ones.
 */
export class Acquisition<L>
  implements Admissible, Waiter<Handover>, AttemptingCaller, AttemptListener, InUnorderedBag, LimitedWait
{
  bagPosition = -1;
  queuePosition = -1;

  /** Its place in line. Undefined until it was let in. */
  private place: PlaceInLine<Handover> | undefined;
  /** Its attempts, if they are more than one. It waits for their promises, and `cancel` rejects these. */
  private loop: AttemptLoop | undefined;
  private budget: HandoverBudget | undefined;
  /** Gets the attempt that was under way when the caller gave up. */
  private late: AttemptListener | undefined;
  private isOver = false;
  /** True if somebody held the resources, or stood before this caller in line. */
  isContended = false;
  /** Made when it is needed, since nearly all locks are won without waiting. */
  private maybeWait: InterruptibleSleep | undefined;
  /** The place in the lines on the nodes. Undefined if it does not look at these lines, as nearly all callers. */
  places: PlaceInLines | undefined;

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
   * Begins to get the lock. It ends with a lock or an error: busy or unavailable at the deadline, or the reason of
   * `cancel`. Nearly all locks are won at once, and need no promise but the caller's.
   */
  begin(): void {
    const { admission, turnsOwed, line } = this.setup;
    if (this.isOver) {
      admission.leave();
      return;
    }
    try {
      const { resources } = this;
      if (line.isLongerThan(this.options.maxWaiting, resources))
        throw busyInLine(this, { inTheWay: line.firstOf(resources) });
      const place = this.mayPass ? new WaitingLine<Handover>().join([], this) : line.join(resources, this);
      this.place = place;
      const turnsToSitOut = place.isFirst && this.owesTurns ? turnsOwed.take(resources) : 0;
      const comesFirst = place.isFirst && turnsToSitOut === 0;
      if (comesFirst && this.hasJoined()) {
        admission.leave();
        return;
      }
      if (comesFirst && this.expectTurn() === undefined) {
        this.ask(FIRST_ATTEMPT, this);
        return;
      }
      // It waits for other callers, or it is going to: others were denied of late.
      this.isContended = !comesFirst;
      admission.leave();
      if (place.isFirst) void this.newLoop(turnsToSitOut).run();
      else this.standInLine(place);
    } catch (error) {
      this.onFault(error);
    }
  }

  /**
   * Gets the first attempt, if no caller was before this one. While that attempt is under way, the caller counts as let
   * in.
   */
  onAttempt(attempt: Attempt): void {
    this.setup.admission.leave();
    if (this.late !== undefined) this.late.onAttempt(attempt);
    else if (attempt.outcome === 'won') this.succeed(attempt);
    // A node that a user wrote may answer in the async context of any other request.
    else void detached(() => this.newLoop(0).runAfter(attempt));
  }

  onFault(error: unknown): void {
    // An error that `onAttempt` threw comes here too. By then it has called `leave` already.
    if (!this.isOver || this.late !== undefined) this.setup.admission.leave();
    if (this.late !== undefined) this.late.onFault(error);
    else this.fail(error);
  }

  /** Ends the waiting with `reason`. */
  cancel(reason: unknown): void {
    this.wait.cancel(reason);
  }

  /** Called by the sleep when it is cancelled. Code that sleeps or waits for an attempt gets the error by its promise. */
  cancelled(reason: unknown): void {
    if (this.isOver || this.loop !== undefined) return;
    if (this.place?.isFirst !== true) {
      this.fail(reason);
      return;
    }
    const attempt = new Promise<Attempt>((resolve, reject) => {
      this.late = { onAttempt: resolve, onFault: reject };
    });
    this.fail(reason, attempt);
  }

  onFirst(turn: Handover | undefined): void {
    this.setup.waitLimits.remove(this);
    if (turn?.lease !== undefined) {
      this.takeAsItIs(turn);
      return;
    }
    this.budget = turn?.budget;
    const isFree = turn === undefined && this.owesTurns;
    const loop = this.newLoop(isFree ? this.setup.turnsOwed.take(this.resources) : 0, turn?.attempt);
    // The caller before this one leaves in an async context of its own. The loop does not run within the call in which
    // that one leaves: thousands may leave one after the other, and their calls would be nested too deeply.
    void detached(() => loop.run(AT_ONCE));
  }

  /**
   * True if it lets others go first. A caller that finds readers or permits in its way enters the lines on the nodes,
   * and these decide whose turn it is. A caller that finds an exclusive holder may stand in no line. One that does not wait
   * lets nobody go first: it asks once.
   */
  private get owesTurns(): boolean {
    const mode = this.kind?.mode;
    return this.options.waitMs > 0 && (mode === undefined || mode === 'mixed');
  }

  expectTurn(): string | undefined {
    const { places, resources } = this;
    // Readers that come together share a look at the lines. That would not be so with a place for each.
    if (places?.isNew !== true || this.options.waitMs === 0 || this.kind?.mode === 'shared') return undefined;
    const ticket = this.setup.redlock.sharing.ticketFor(resources);
    if (ticket === undefined) return undefined;
    places.begin(ticket);
    return resources.length === 1 ? places.id : undefined;
  }

  ask({ isContended, leaderFirst }: AttemptOrder, listener: AttemptListener): void {
    const { ttlMs, fencing, label, kind, places } = this;
    const { redlock } = this.setup;
    if (places === undefined) {
      redlock.acquire(this.resources, { ttlMs, isContended, leaderFirst, fencing, label }, listener);
    } else {
      // Each field is written out: a copy made with `...` left 500 bytes per reader to the old generation of the heap.
      const options = { ttlMs, isContended, leaderFirst, fencing, label, kind, places };
      redlock.sharing.acquire(this.resources, options, listener);
    }
  }

  onFailedAttempt({ outcome }: FailedAttempt): void {
    this.isContended ||= outcome === 'busy';
    this.budget = undefined;
    this.place?.learnOfOthers(undefined);
  }

  enterLines(): void {
    this.places ??= this.newPlaces();
  }

  /** Called when its time in line is over. */
  onWaitOver(): void {
    if (this.place !== undefined) this.fail(busyInLine(this, this.place));
  }

  /** Waits in line. It makes no promise and no timer of its own, since very many callers may wait. */
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
      this.fail(error, Promise.resolve(attempt));
    }
  }

  succeed({ lease, confirmation }: WonAttempt, renewal?: KeptRenewal): void {
    // If it was cancelled after the vote, before this code ran, nobody wants this lock any more, and it is cleaned up.
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

  /** @param attempt the attempt that is under way */
  fail(error: unknown, attempt = this.loop?.pending): void {
    this.end();
    // The place stays taken until the nodes have answered. Before that, partial grants of this caller would be in the way
    // of the next one.
    if (attempt === undefined) this.place?.leave();
    else this.listener.abandoned(attempt, this.place as PlaceInLine<Handover>);
    this.listener.failed(error, this);
  }

  private end(): void {
    this.isOver = true;
    this.setup.waitLimits.remove(this);
    this.loop?.stop();
    this.maybeWait?.end();
    this.places?.end();
  }

  /** Joins a lease of this process, if that still takes readers. Returns true if the caller has its lock with that. */
  hasJoined(): boolean {
    if (this.call.kind?.mode !== 'shared' || !this.listener.joined(this)) return false;
    this.end();
    this.place?.leave();
    return true;
  }

  /**
   * True if it asks the nodes without waiting in line. It may not wait at all, and the callers before it may share what
   * it wants.
   */
  private get mayPass(): boolean {
    return this.call.kind !== undefined && this.options.waitMs === 0;
  }

  /**
   * The number of callers of its kind that can hold the resource at the same time. Readers do not need it, since they
   * hand over nothing.
   */
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

  private newLoop(turnsToSitOut: number, attempt?: Promise<Attempt>): AttemptLoop {
    return (this.loop = new AttemptLoop(this.setup, this, this.wait, turnsToSitOut, attempt));
  }
}

const FIRST_ATTEMPT: AttemptOrder = { isContended: false, leaderFirst: false };
const AT_ONCE = Promise.resolve();
