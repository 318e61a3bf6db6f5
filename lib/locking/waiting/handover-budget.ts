import type { Attempt } from '../../core/attempt';
import type { Clock } from '../../ports/clock.interface';
import type { Lease } from '../../core/lease';
import type { Extension } from '../../core/outcomes';
import type { PlaceInLine } from './place-in-line';

/** What a holder leaves for the next caller of its process. */
export type Handover = LeaseUnderWay | LeaseAsItIs;

/** The holder's own lease, on its way to the next: an attempt that is under way already. */
export interface LeaseUnderWay {
  readonly attempt: Promise<Attempt>;
  readonly budget: HandoverBudget;
  readonly lease?: undefined;
}

/** The holder's own lease, as it is. */
export interface LeaseAsItIs {
  readonly lease: Lease;
  readonly budget: HandoverBudget;
  readonly renewal: KeptRenewal;
}

/** All that keeps a lease alive, and goes with it. `locking/holding` knows what it is. */
export type KeptRenewal = object;

/** What a caller has when it has won. */
export interface WonLease {
  readonly lease: Lease;
  /** The first extension of a lease that began before the nodes answered. */
  readonly confirmation: Promise<Extension> | undefined;
  readonly place: PlaceInLine<Handover>;
  /** What it may still pass on. */
  readonly budget: HandoverBudget;
  /** It was the lease of the holder before, which it has as that one had it. */
  readonly renewal?: KeptRenewal | undefined;
}

/**
 * For each that stands in line when a process gets its turn. To go on to another process costs as much as several
 * hand-overs, and with more of them somebody who comes just after its turn would wait too long.
 */
const HAND_OVERS_EACH = 3;

/** Bounds for one process at a time, so that the others get their turn. */
const MOST_HAND_OVERS = 32;
const HAND_OVER_FOR_MS = 100;

/**
 * After so many in a row, and this time, what has arrived is read: a line of empty tasks would keep timers and sockets
 * waiting. A look at the sockets costs as much as many such turns, so there is none after few of them.
 */
const READ_AFTER = 32;
const READ_AFTER_MS = 1;
/** Whatever the clock says. */
const READ_AT_LATEST = 1_024;

/**
 * The callers of this process that get the lock one after another, without a release in between: a few for each that
 * stood in line when the first of them won it, within bounds. Where nobody else waits, a lease that changes hands as it is
 * does so without a count: it costs the nodes nothing.
 */
export class HandoverBudget {
  private static readonly ALONE = new HandoverBudget(0, 0, false, 0, 0, false);

  private constructor(
    private readonly turnsLeft: number,
    private readonly untilMs: number,
    private readonly isAlone: boolean,
    /** How many had it since what had arrived was read. */
    private readonly unread: number,
    private readonly readAtMs: number,
    /** What has arrived at this process is to be read before the next turn. */
    readonly isTimeToRead: boolean,
  ) {}

  /**
   * @param followers how many stand in line behind the first
   * @param atOnce how many may hold the resource at the same time. All of them together may pass it on as often as one who
   * has it alone: else those of one process would go on in as many places for as long
   * @param isAlone the last release told that no other process waits
   */
  static startingAt(clock: Clock, followers: number, atOnce = 1, isAlone = false): HandoverBudget {
    if (followers === 0 && !isAlone) return HandoverBudget.ALONE;
    const turns = Math.min(HAND_OVERS_EACH * followers, MOST_HAND_OVERS);
    const nowMs = clock.now();
    return new HandoverBudget(Math.ceil(turns / atOnce), nowMs + HAND_OVER_FOR_MS, isAlone, 0, nowMs, false);
  }

  mayGoOn(nowMs: number): boolean {
    return this.turnsLeft > 0 && nowMs < this.untilMs;
  }

  /** The same for a lease that goes on as it is. */
  mayGoOnAsIs(nowMs: number): boolean {
    return (this.turnsLeft > 0 || this.isAlone) && nowMs < this.untilMs;
  }

  /** What is left of it for the next one. */
  next(nowMs: number): HandoverBudget {
    const turnsLeft = Math.max(0, this.turnsLeft - 1);
    const unread = this.unread + 1;
    const isOften = unread >= READ_AT_LATEST;
    const isTimeToRead = unread >= READ_AFTER && (isOften || nowMs - this.readAtMs >= READ_AFTER_MS);
    return isTimeToRead
      ? new HandoverBudget(turnsLeft, this.untilMs, this.isAlone, 0, nowMs, true)
      : new HandoverBudget(turnsLeft, this.untilMs, this.isAlone, unread, this.readAtMs, false);
  }
}
