import type { Clock } from '../../ports/clock.interface';
import type { Lease } from '../../core/lease';
import type { Extension } from '../../core/outcomes';
import type { Redlock } from '../../core/redlock';
import type { LockLostReason } from '../../errors/lock-lost.error';
import { detached } from '../../system/detached';
import type { CheckedLockOptions } from '../checks/complete-lock-options';
import { extendAtMs, extendRetryDelayMs } from '../waiting/backoff';
import { FormerHolders, type Settle } from './former-holders';

export interface RenewalSetup {
  readonly clock: Clock;
  readonly redlock: Redlock;
  readonly fraction: () => number;
}

/** The lock that is kept alive, as its renewal sees it. */
export interface Renewed {
  /** Its release began, or it was lost. */
  isOver(): boolean;
  lose(reason: LockLostReason): void;
  /** It is over, and a quorum says now that it had been gone before. */
  wasGone(): void;
  /** Its end, or its next extension, is at another time than before. */
  reschedule(): void;
  extended(): void;
}

/**
 * Extends one lease: by itself when it is time, and when it is asked to; one after another, and none at its end (R10). It
 * goes with a lease that changes hands, so that this holds for all of its holders together.
 */
export class Renewal {
  /** The moment of the next extension on the monotonic clock. Infinity: it does not extend by itself. */
  dueAtMs: number;
  /** What the holder asked for last. */
  ttlMs: number;
  private underWay: Promise<unknown> | undefined;
  /** What is under way was asked for by no holder, and is as good for the next one. */
  private isUnderWayForAll = false;
  /** Too few nodes answered when they were asked last. */
  isDoubtful = false;
  /** Nearly all leases have one holder. */
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
    // One that is under way says when the next is due. Behind one that asks for another ttl, this would undo it.
    if (this.underWay === undefined) void this.extend(this.ttlMs);
  }

  extend(ttlMs: number): Promise<Extension> {
    const mine =
      this.underWay === undefined ? this.extendNow(ttlMs) : this.underWay.then(() => this.extendNow(ttlMs));
    this.begin(mine);
    return mine;
  }

  /** The extension with which the lease was taken over is under way. */
  confirm(extension: Promise<Extension>): void {
    this.begin(extension.then((outcome) => this.conclude(outcome, this.ttlMs)));
  }

  /** Calls `then` when no extension is under way any more: at once, if there is none. */
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

  /** Nothing is under way that its holder asked for. */
  get mayChangeHands(): boolean {
    return this.underWay === undefined || this.isUnderWayForAll;
  }

  /**
   * The holder is done, and the lease goes on with whoever takes it. The nodes are asked now, or as soon as they have
   * answered, whether it was still there: once for all who had it meanwhile.
   *
   * @param settle hears what they say
   * @param passOn gives it to the next holder, before it returns
   */
  changeHands(settle: Settle, passOn: () => void): void {
    (this.former ??= new FormerHolders()).add(settle);
    passOn();
    if (this.underWay === undefined) this.askForFormer();
  }

  /** It has another holder. */
  heldBy(lock: Renewed): this {
    this.lock = lock;
    return this;
  }

  /** Whoever had the lease, and has not heard yet what became of it, hears with `settle` how it ends. */
  forAll(settle: Settle): Settle {
    const { former } = this;
    return former === undefined ? settle : former.andThen(settle, this.lease, this.setup.clock);
  }

  private askForFormer(): void {
    // On behalf of several callers, so in the context of none of them.
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

  /** Whether it was still there. When the next extension is due does not change. */
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
    if (lock.isOver()) return { outcome: 'expired', votes: [] };
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
    this.isDoubtful = extension.outcome === 'unknown';
    if (lock.isOver()) {
      if (extension.outcome === 'gone') lock.wasGone();
      return extension;
    }
    if (extension.outcome === 'gone' || extension.outcome === 'expired') {
      lock.lose(extension.outcome);
      return extension;
    }
    const { clock, fraction } = this.setup;
    if (extension.outcome === 'extended') {
      this.ttlMs = ttlMs;
      this.dueAtMs = this.nextDueAtMs(clock.now());
    } else if (this.options.autoExtend) {
      this.dueAtMs = clock.now() + extendRetryDelayMs(this.ttlMs, fraction());
    }
    lock.reschedule();
    return extension;
  }

  private nextDueAtMs(nowMs: number): number {
    return this.options.autoExtend ? extendAtMs(nowMs, this.ttlMs, this.setup.fraction()) : Infinity;
  }
}
