import type { Clock } from '../../ports/clock.interface';
import type { Lease, Extension } from '../../core/lease';
import type { Redlock } from '../../core/redlock';
import type { LockLostReason } from '../../errors/lock-lost.error';
import { detached } from '../../ports/detached';
import type { CheckedLockOptions } from '../api/complete-lock-options';
import { extendAtMs, extendRetryDelayMs } from './keep-alive';
import { FormerHolders, type Settle } from './former-holders';

export interface RenewalSetup {
  readonly clock: Clock;
  readonly redlock: Redlock;
  readonly fraction: () => number;
}

/** The lock that is kept alive, as its renewal sees it. */
export interface Renewed {
  /** True if its release began, or it was lost. */
  isOver(): boolean;
  lose(reason: LockLostReason): void;
  /** Notes that a quorum says now that the lock was gone before its end. */
  wasGone(): void;
  /** Called when the end of the lock, or its next extension, has another time than before. */
  reschedule(): void;
  extended(): void;
}

/**
 * Extends one lease: by itself when an extension is due, and when it is asked to. Extensions run one after
 * another, and none runs when the lease ends (R10). A lease that changes hands keeps its renewal, so that this
 * holds for all of its holders together.
 */
export class Renewal {
  /** The moment of the next extension on the monotonic clock. Infinity: it does not extend by itself. */
  dueAtMs: number;
  /** The ttl that the holder asked for last. */
  ttlMs: number;
  private underWay: Promise<unknown> | undefined;
  /** True if no holder asked for the extension under way. Then it serves the next holder as well. */
  private isUnderWayForAll = false;
  /** True if too few nodes answered the last question. */
  isDoubtful = false;
  /** Undefined for nearly all leases, which have one holder. */
  private former: FormerHolders | undefined;

  constructor(
    private readonly lease: Lease,
    private readonly options: CheckedLockOptions,
    private readonly setup: RenewalSetup,
    private lock: Renewed,
    nowMs: number,
  ) {
    this.ttlMs = options.ttlMs;
    this.dueAtMs = this.nextDueAtMs(nowMs);
  }

  /** Begins the extension that is due. */
  attend(): void {
    if (this.setup.clock.now() < this.dueAtMs) return;
    this.dueAtMs = Infinity;
    // An extension under way schedules the next one. An extension behind it could undo another ttl that it asks
    // for. The question if the lease is still there schedules nothing.
    if (this.underWay === undefined || this.isUnderWayForAll) void this.extend(this.ttlMs);
  }

  extend(ttlMs: number): Promise<Extension> {
    const mine =
      this.underWay === undefined ? this.extendNow(ttlMs) : this.underWay.then(() => this.extendNow(ttlMs));
    this.begin(mine);
    return mine;
  }

  /** Follows the extension with which the lease was taken over. It is under way. */
  confirm(extension: Promise<Extension>): void {
    this.begin(extension.then((outcome) => this.conclude(outcome, this.ttlMs)));
  }

  /** Calls `then` when no extension is under way; at once, if there is none. */
  whenDone(then: () => void): void {
    if (this.underWay === undefined) then();
    else void this.underWay.then(then, then);
  }

  /** Resolves when no extension is under way. */
  done(): Promise<void> {
    return new Promise((resolve) => {
      this.whenDone(resolve);
    });
  }

  /** True if no extension is under way that the holder asked for. */
  get mayChangeHands(): boolean {
    return this.underWay === undefined || this.isUnderWayForAll;
  }

  /**
   * The holder is done, and the lease goes on with the next one. The nodes are asked if it was still there: now,
   * or as soon as they have answered the question under way. One question serves all holders that are done by
   * then.
   *
   * @param settle receives the answer
   * @param passOn gives the lease to the next holder, before it returns
   */
  changeHands(settle: Settle, passOn: () => void): void {
    (this.former ??= new FormerHolders()).add(settle);
    passOn();
    if (this.underWay === undefined) this.askForFormer();
  }

  /** Sets the new holder. */
  heldBy(lock: Renewed): this {
    this.lock = lock;
    return this;
  }

  /**
   * Makes a function that tells the end of the lease to all former holders that do not know it yet, and then to
   * `settle`.
   */
  forAll(settle: Settle): Settle {
    const { former } = this;
    return former === undefined ? settle : former.andThen(settle, this.lease, this.setup.clock);
  }

  private askForFormer(): void {
    // The question serves several callers, so it runs in the async context of none of them.
    this.begin(detached(() => this.confirmNow()));
    this.isUnderWayForAll = true;
  }

  private begin(extension: Promise<unknown>): void {
    this.isUnderWayForAll = false;
    const done = extension.finally(() => {
      if (this.underWay !== done) return;
      this.underWay = undefined;
      if (this.former?.areWaiting === true && !this.lock.isOver()) this.askForFormer();
    });
    this.underWay = done;
  }

  /** Asks the nodes if the lease is still there. It does not change the time of the next extension. */
  private async confirmNow(): Promise<void> {
    const tell = this.former?.askedNow();
    const { outcome } = await this.setup.redlock.confirm(this.lease);
    this.isDoubtful = outcome === 'unknown';
    if (outcome === 'gone') {
      if (this.lock.isOver()) this.lock.wasGone();
      else this.lock.lose('gone');
    }
    tell?.({ outcome, votes: [] });
  }

  private async extendNow(ttlMs: number): Promise<Extension> {
    const { lock } = this;
    if (lock.isOver()) {
      // The holder has ended, but the lease may go on with the next one, which needs the extension too.
      if (this.options.autoExtend) this.dueAtMs = Math.min(this.dueAtMs, this.setup.clock.now());
      return { outcome: 'expired', votes: [] };
    }
    const tell = this.former?.askedNow();
    const asked = this.setup.redlock.extend(this.lease, ttlMs);
    // A shorter ttl counts from now on, so the signal may be due before the nodes have answered (R9).
    lock.reschedule();
    const extension = this.conclude(await asked, ttlMs);
    tell?.(extension);
    if (extension.outcome === 'extended' && !lock.isOver()) lock.extended();
    return extension;
  }

  private conclude(extension: Extension, ttlMs: number): Extension {
    const { lock } = this;
    const { outcome } = extension;
    this.isDoubtful = outcome === 'unknown';
    // This is done even if the holder has ended in the meantime, since the lease may go on with the next one.
    this.scheduleAfter(outcome, ttlMs);
    if (lock.isOver()) {
      if (outcome === 'gone') lock.wasGone();
    } else if (outcome === 'gone' || outcome === 'expired') lock.lose(outcome);
    else lock.reschedule();
    return extension;
  }

  private scheduleAfter(outcome: Extension['outcome'], ttlMs: number): void {
    const { clock, fraction } = this.setup;
    if (outcome === 'extended') {
      this.ttlMs = ttlMs;
      this.dueAtMs = this.nextDueAtMs(clock.now());
    } else if (outcome === 'unknown' && this.options.autoExtend) {
      this.dueAtMs = clock.now() + extendRetryDelayMs(this.ttlMs, fraction());
    }
  }

  private nextDueAtMs(nowMs: number): number {
    return this.options.autoExtend ? extendAtMs(nowMs, this.ttlMs, this.setup.fraction()) : Infinity;
  }
}
