import type { Clock } from '../../ports/clock.interface';
import type { Extension, Lease } from '../../core/lease';
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

/** The lock that is kept alive, as its renewal sees it. Only the renewal changes the two times. */
export interface Renewed {
  readonly lease: Lease;
  readonly options: CheckedLockOptions;
  /** The ttl that the holder asked for last. */
  ttlMs: number;
  /**
   * The moment of the next extension on the monotonic clock. It has no fractions, which would need an object of
   * their own in each lock. Undefined: it does not extend by itself.
   */
  extendAtMs: number | undefined;
  /** True if its release began, or it was lost. */
  isOver(): boolean;
  lose(reason: LockLostReason): void;
  /** Notes that a quorum says now that the lock was gone before its end. */
  wasGone(): void;
  /** Called when the end of the lock, or its next extension, has another time than before. */
  reschedule(): void;
  extended(): void;
  /** Called when no extension is under way any more, and nothing has to be remembered. The renewal is dropped then. */
  renewalDone(): void;
  /** Undefined for nearly all of the time, in which no extension is under way. */
  readonly renewal: Renewal | undefined;
  /** The renewal. It is made if there is none. */
  renewing(): Renewal;
}

/**
 * Extends one lease: by itself when an extension is due, and when it is asked to. Extensions run one after
 * another, and none runs when the lease ends (R10). A lease that changes hands keeps its renewal, so that this
 * holds for all of its holders together.
 *
 * It is made when there is something to do, and dropped after that: very many locks may be held, and nearly all of
 * them wait for their next extension.
 */
export class Renewal {
  private underWay: Promise<unknown> | undefined;
  /** True if no holder asked for the extension under way. Then it serves the next holder as well. */
  private isUnderWayForAll = false;
  /** True if too few nodes answered the last question. */
  isDoubtful = false;
  /** Undefined for nearly all leases, which have one holder. */
  private former: FormerHolders | undefined;

  constructor(
    protected lock: Renewed,
    private readonly setup: RenewalSetup,
  ) {}

  /** Begins the extension that is due. */
  attend(): void {
    this.lock.extendAtMs = undefined;
    // An extension under way schedules the next one. An extension behind it could undo another ttl that it asks
    // for. The question if the lease is still there schedules nothing.
    if (this.underWay === undefined || this.isUnderWayForAll) void this.extend(this.lock.ttlMs);
  }

  extend(ttlMs: number): Promise<Extension> {
    const mine =
      this.underWay === undefined ? this.extendNow(ttlMs) : this.underWay.then(() => this.extendNow(ttlMs));
    this.begin(mine);
    return mine;
  }

  /** Follows the extension with which the lease was taken over. It is under way. */
  confirm(extension: Promise<Extension>): void {
    this.begin(extension.then((outcome) => this.conclude(outcome, this.lock.ttlMs)));
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

  /** Sets the new holder. It goes on with the times of the one before it. */
  heldBy(lock: Renewed): this {
    lock.ttlMs = this.lock.ttlMs;
    lock.extendAtMs = this.lock.extendAtMs;
    this.lock = lock;
    return this;
  }

  /**
   * Makes a function that tells the end of the lease to all former holders that do not know it yet, and then to
   * `settle`.
   */
  forAll(settle: Settle): Settle {
    const { former } = this;
    return former === undefined ? settle : former.andThen(settle, this.lock.lease, this.setup.clock);
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
      if (this.lock.isOver()) return;
      if (this.former?.areWaiting === true) this.askForFormer();
      else if (!this.isDoubtful) this.lock.renewalDone();
    });
    this.underWay = done;
  }

  /** Asks the nodes if the lease is still there. It does not change the time of the next extension. */
  private async confirmNow(): Promise<void> {
    const tell = this.former?.askedNow();
    const { outcome } = await this.setup.redlock.confirm(this.lock.lease);
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
      if (lock.options.autoExtend)
        lock.extendAtMs = Math.floor(Math.min(lock.extendAtMs ?? Infinity, this.setup.clock.now()));
      return { outcome: 'expired', votes: [] };
    }
    const tell = this.former?.askedNow();
    const asked = this.setup.redlock.extend(lock.lease, ttlMs);
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
    const { lock, setup } = this;
    const nowMs = setup.clock.now();
    if (outcome === 'extended') {
      lock.ttlMs = ttlMs;
      lock.extendAtMs = nextExtensionAtMs(lock.options, ttlMs, nowMs, setup.fraction);
    } else if (outcome === 'unknown' && lock.options.autoExtend) {
      lock.extendAtMs = Math.ceil(nowMs + extendRetryDelayMs(lock.ttlMs, setup.fraction()));
    }
  }
}

/** Begins the extension of a lock if that is due. */
export function attendToRenewal(lock: Renewed, clock: Clock): void {
  if (lock.extendAtMs !== undefined && clock.now() >= lock.extendAtMs) lock.renewing().attend();
}

/** The time of the first extension of a lease that was won at `nowMs`. */
export function firstExtensionAtMs(
  options: CheckedLockOptions,
  nowMs: number,
  fraction: () => number,
): number | undefined {
  return nextExtensionAtMs(options, options.ttlMs, nowMs, fraction);
}

function nextExtensionAtMs(
  { autoExtend }: CheckedLockOptions,
  ttlMs: number,
  nowMs: number,
  fraction: () => number,
): number | undefined {
  return autoExtend ? extendAtMs(nowMs, ttlMs, fraction()) : undefined;
}
