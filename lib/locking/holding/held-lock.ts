import type { AsyncResource } from 'node:async_hooks';
import type { Lease, Release } from '../../core/lease';
import type { LockKind } from '../../ports/lock-kind';
import { showAs } from '../../errors/shown-as';
import { remainingMs } from '../../core/validity';
import { LockLostError, type LockLostReason } from '../../errors/lock-lost.error';
import { LockOptionsError } from '../../errors/lock-options.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import type { InUnorderedBag } from '../../collections/unordered-bag';
import { checkTtlWithin, type CheckedLockOptions } from '../api/complete-lock-options';
import { DEFERRED, Holdback } from './holdback';
import type { KeptAlive } from './keep-alive';
import type { Lock, ReleaseOutcome } from '../api/lock.interface';
import type { HeldFacts, LockSurroundings } from './lock-surroundings.interface';
import type { LockTicket } from '../api/lock-ticket';
import { DETACHED, refuseToLeave, ticketOf } from './detach';
import { LossSignal } from './loss-signal';
import { laterTurn } from '../../core/later-turn';
import { releaseLock } from './end-lease';
import type { End, Ended } from './ended.interface';
import type { ReaderGroup } from './reader-group';
import { attendToRenewal, firstExtensionAtMs, Renewal, type Renewed } from './renewal';
import type { Handover, WonLease } from '../waiting/handover-budget';
import type { LoneHolder } from '../waiting/place-in-line';

/** The shortest delay of a timer. */
const SHORTEST_DELAY_MS = 1;

/** A lock that was won. The keeper keeps it alive until it is released or lost. */
export class HeldLock implements Lock, KeptAlive, Renewed, Ended, InUnorderedBag, LoneHolder<Handover> {
  queuePosition = -1;
  bagPosition = -1;
  /** True if it was given to a caller as a handle, so that no task is known that runs under it. */
  isHandle = false;

  readonly lease: Lease;
  place: WonLease['place'] | undefined;
  readonly budget: WonLease['budget'];
  ttlMs: number;
  extendAtMs: number | undefined;
  /** Undefined for nearly all of the time, in which no extension is under way. */
  renewal: Renewal | undefined = undefined;
  /** Rounded up to a whole millisecond, so that `holdAtLeast` is not too short. See {@link Renewed.extendAtMs}. */
  private readonly heldSinceMs: number;
  private ending: Promise<ReleaseOutcome | 'detached'> | undefined = undefined;

  // These fields are for few locks. They have no value here, so that they take no memory in all others.
  private loss: LockLostError | undefined;
  /** True if a quorum said that it is gone, after the lock was over and before the release was answered. */
  private isKnownGone: true | undefined;
  private lossSignal: LossSignal | undefined;
  /** Undefined if the release does not have to wait. */
  private holdback: Holdback | undefined;

  constructor(
    { lease, place, budget, renewal, confirmation }: WonLease,
    readonly options: CheckedLockOptions,
    private readonly around: LockSurroundings<HeldLock>,
    /** The readers of this process that share the lease, if it is shared. */
    readonly group?: ReaderGroup,
  ) {
    this.lease = lease;
    this.place = place;
    this.budget = budget;
    this.heldSinceMs = Math.ceil(around.clock.now());
    this.ttlMs = options.ttlMs;
    // A lease that has had a holder before is extended at the time that was set then.
    if (renewal instanceof Renewal) this.renewal = renewal.heldBy(this);
    else if (group === undefined)
      this.extendAtMs = firstExtensionAtMs(options, this.heldSinceMs, around.fraction);
    group?.join(this);
    this.reschedule();
    if (confirmation !== undefined) this.groupOrThis.renewing().confirm(confirmation);
    // This comes last: if anything before it throws, the acquisition leaves this place.
    if (lease.sharing === undefined && place.giveTo(this)) this.place = undefined;
  }

  get resources(): readonly string[] {
    return this.lease.resources;
  }

  get mode(): Lock['mode'] {
    return this.kind?.mode ?? 'exclusive';
  }

  get slots(): readonly number[] {
    return this.lease.sharing?.slots ?? NO_SLOTS;
  }

  /** The way in which it is held. Undefined: exclusively. */
  get kind(): LockKind | undefined {
    return this.lease.sharing?.kind;
  }

  get ownerToken(): string {
    return this.lease.ownerToken;
  }

  get label(): string | undefined {
    return this.lease.label;
  }

  get fencingToken(): number | undefined {
    return this.lease.fencingToken;
  }

  get signal(): AbortSignal {
    this.noticeEnd();
    if (this.lossSignal === undefined) {
      this.lossSignal = new LossSignal();
      if (this.loss !== undefined) this.lossSignal.abort(this.loss);
    }
    return this.lossSignal.signal;
  }

  get isHeld(): boolean {
    return this.remainingMs > 0;
  }

  get remainingMs(): number {
    // Once a caller was told that the lock is over, it stays so, whatever the clocks do.
    this.noticeEnd();
    return this.leftMs;
  }

  /** The reason why it is lost. Undefined if it is held, or was released before. */
  get lossError(): LockLostError | undefined {
    return this.loss;
  }

  assertHeld(minRemainingMs = 0): void {
    if (typeof minRemainingMs !== 'number' || !(minRemainingMs >= 0))
      throw new LockOptionsError('minRemainingMs', 'must be 0 or more milliseconds.');
    this.throwIfEnded();
    if (this.remainingMs < minRemainingMs) throw this.lostError('too-short');
  }

  async extend(ttl = this.groupOrThis.ttlMs): Promise<void> {
    checkTtlWithin(ttl, this.around.limits);
    // Another caller may have the lease by now, together with its renewal.
    if (this.ending !== undefined) await this.throwLater();
    const startedAtMs = this.around.clock.now();
    const { outcome, votes } = await this.groupOrThis.renewing().extend(ttl);
    // The lock was released or lost during the extension, so the answer of the nodes does not matter any more.
    this.throwIfEnded();
    if (outcome === 'extended') return;
    await laterTurn(this.around.clock);
    const waitedMs = this.around.clock.now() - startedAtMs;
    throw new LockUnavailableError({ resources: this.resources, waitedMs, votes });
  }

  holdUntil(promise: PromiseLike<unknown>): void {
    this.throwIfEnded();
    this.holdback ??= new Holdback();
    this.holdback.add(promise);
  }

  async detach(): Promise<LockTicket> {
    this.noticeEnd();
    if (this.ending !== undefined) await this.throwLater();
    refuseToLeave(this.group);
    this.holdback?.refuseToLeave();
    // This gives the lock its whole ttl for the time until it is resumed.
    await this.extend();
    this.holdback?.refuseToLeave();
    refuseToLeave(this.group);
    this.group?.close();
    this.around.keepAlive.drop(this);
    this.ending = DETACHED;
    this.around.reports.within(undefined, (reports) => {
      reports.detached(this.lease, this.heldMs, this.validityMs);
    });
    // The process that resumes the lock may release it soon. An extension under way could put it back after that
    // (R10).
    await this.groupOrThis.renewal?.done();
    // What reaches a node later still, after that release, is cleaned up there.
    this.around.redlock.leave(this.lease);
    this.leaveLine();
    this.around.onEnded(this);
    return ticketOf(this.lease, this.groupOrThis.ttlMs);
  }

  release(): Promise<ReleaseOutcome | 'deferred' | 'detached'> {
    this.noticeEnd();
    if (this.ending !== undefined) return this.again(this.ending);
    const isAgain = this.isReleaseDeferred;
    // The promise may wait for the code that releases: a task inside of the transaction whose commit it is. So
    // this does not wait for the promise.
    if (this.holdback?.delays(this) !== true) return this.end();
    return isAgain ? this.again(DEFERRED) : DEFERRED;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** Takes the lock away from its holder: aborts the signal, and releases the resources. */
  lose(reason: LockLostReason, cause?: unknown): void {
    if (this.ending !== undefined) return;
    // The loss is set before anybody hears of it, since a listener may call release().
    this.loss = this.lostError(reason, cause);
    void this.end();
    this.announceLoss(this.loss);
  }

  attend(): number | null {
    this.noticeEnd();
    if (this.ending !== undefined) return null;
    attendToRenewal(this.groupOrThis, this.around.clock);
    return Math.min(this.nextDueMs(), this.wallEndMs());
  }

  /** Checks the clocks for an end that no timer has reported yet. */
  noticeEnd(): void {
    if (this.ending !== undefined) return;
    const { maxHoldMs } = this.options;
    // Without a limit no clock is read, since this runs with every release.
    if (maxHoldMs !== Infinity && this.heldMs >= maxHoldMs) this.lose('max-hold');
    else if (this.validityMs === 0) this.lose('expired');
  }

  isOver(): boolean {
    return this.ending !== undefined;
  }

  /** True if its holder has released it, and it is still kept for a promise. */
  get isReleaseDeferred(): boolean {
    return this.holdback?.isWaitedFor === true;
  }

  /**
   * Calls `listener` when its holder releases it, even if it is kept for a promise after that, or when it is lost
   * before. There is one listener.
   */
  onLetGo(listener: () => void): void {
    this.holdback ??= new Holdback();
    this.holdback.onLetGo(listener);
  }

  leaveLine(turn?: Handover): void {
    this.around.line.leave(this, turn);
  }

  wasGone(): void {
    this.isKnownGone = true;
  }

  reschedule(): void {
    this.around.keepAlive.keep(this, this.nextDueMs());
  }

  extended(): void {
    this.around.reports.within(undefined, (reports) => {
      reports.extended(this.lease, this.leftMs);
    });
  }

  renewing(): Renewal {
    return (this.renewal ??= new Renewal(this, this.around));
  }

  renewalDone(): void {
    this.renewal = undefined;
  }

  /** Who is extended: the readers that share the lease, or this lock. */
  private get groupOrThis(): Renewed {
    return this.group ?? this;
  }

  /** The outcome of a release for who asks again for it, perhaps until it is another one. */
  private async again<T>(outcome: Promise<T>): Promise<T> {
    await laterTurn(this.around.clock);
    return outcome;
  }

  private end(): Promise<ReleaseOutcome> {
    const { reports } = this.around;
    // These facts are only for listeners.
    const atEnd = reports.isObserved
      ? { context: reports.context(), heldMs: this.heldMs, validityMs: this.leftMs }
      : undefined;
    this.around.keepAlive.drop(this);
    let settle: (outcome: ReleaseOutcome) => void = ignore;
    const ending = new Promise<ReleaseOutcome>((resolve) => (settle = resolve));
    // The lock is over before any code is called that may call back.
    this.ending = ending;
    this.holdback?.wasLetGo();
    const { group } = this;
    if (group !== undefined) {
      group.leave(this, (release) => {
        settle(this.concludeRelease(release, atEnd));
      });
      return ending;
    }
    releaseLock(this, this.around, (release) => {
      settle(this.concludeRelease(release, atEnd));
    });
    return ending;
  }

  /**
   * The way in which the lock ends. It may change until it has ended on the nodes, since these may say that it is
   * gone.
   */
  get howItEnds(): End {
    const { holdAtLeastMs } = this.options;
    return {
      keepMs: holdAtLeastMs === 0 ? 0 : Math.ceil(holdAtLeastMs - this.heldMs),
      isLost: this.loss !== undefined || this.isKnownGone === true,
    };
  }

  private concludeRelease(
    { outcome, waiting, mayBeMore }: Release,
    atEnd: HeldFacts | undefined,
  ): ReleaseOutcome {
    if (waiting !== undefined || mayBeMore === true)
      this.around.turnsOwed.owe(this.resources, waiting ?? 0, mayBeMore);
    if (waiting !== undefined) this.place?.learnOfOthers(outcome === 'released' ? waiting > 0 : undefined);
    this.leaveLine();
    this.around.onEnded(this);
    // The lock was gone although it should still have been ours, so somebody took it.
    const isGone = this.isKnownGone === true || (outcome === 'expired' && this.validityMs > 0);
    if (isGone && this.loss === undefined) {
      this.loss = this.lostError('gone');
      this.announceLoss(this.loss, atEnd?.context);
    }
    // The lock was lost before, so what the nodes still had was no lock any more.
    if (this.loss !== undefined) return 'expired';
    if (atEnd !== undefined) {
      this.around.reports.within(atEnd.context, (reports) => {
        reports.released(this.lease, outcome, atEnd.heldMs, atEnd.validityMs);
      });
    }
    return outcome;
  }

  private announceLoss(error: LockLostError, context?: AsyncResource): void {
    this.lossSignal?.abort(error);
    this.around.reports.within(context, (reports) => {
      reports.lost(this.lease, error, this.heldMs);
    });
  }

  private nextDueMs(): number {
    const endMs = Math.min(this.lease.validUntilMs, this.heldSinceMs + this.options.maxHoldMs);
    return Math.min(this.groupOrThis.extendAtMs ?? Infinity, endMs);
  }

  /**
   * The moment, on the monotonic clock, at which the wall clock ends the lock. Infinity if the monotonic clock
   * ends it first.
   */
  private wallEndMs(): number {
    const { clock } = this.around;
    const { validUntilMs, validUntilWallMs } = this.lease;
    const nowMs = clock.now();
    const leftMs = validUntilWallMs - clock.wallNow();
    return leftMs < validUntilMs - nowMs ? nowMs + Math.max(leftMs, SHORTEST_DELAY_MS) : Infinity;
  }

  /** The time for which it is still held, by the clocks. 0 when it is over. */
  private get leftMs(): number {
    if (this.ending !== undefined) return 0;
    return Math.max(0, Math.min(this.validityMs, this.options.maxHoldMs - this.heldMs));
  }

  private get validityMs(): number {
    return remainingMs(this.around.clock, this.lease);
  }

  private get heldMs(): number {
    return Math.max(0, this.around.clock.now() - this.heldSinceMs);
  }

  private throwIfEnded(): void {
    this.noticeEnd();
    if (this.loss !== undefined) throw this.loss;
    if (this.ending !== undefined) throw this.lostError(this.ending === DETACHED ? 'detached' : 'released');
  }

  /** Throws why it is over, for a call that may be made again and again. */
  private async throwLater(): Promise<void> {
    await laterTurn(this.around.clock);
    this.throwIfEnded();
  }

  private lostError(reason: LockLostReason, cause?: unknown): LockLostError {
    return new LockLostError({ resources: this.resources, reason, cause });
  }
}

const NO_SLOTS: readonly never[] = [];

function ignore(): void {
  // This function is replaced at once.
}

// The owner token is not shown: everybody who reads it in a log could release the lock.
showAs(HeldLock.prototype, 'Lock', ({ resources, isHeld, remainingMs, fencingToken }) => ({
  resources,
  isHeld,
  remainingMs,
  fencingToken,
}));
