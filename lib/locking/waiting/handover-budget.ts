import type { Attempt } from '../../core/attempt';
import type { Clock } from '../../ports/clock.interface';
import type { Lease, Extension } from '../../core/lease';
import type { PlaceInLine } from './place-in-line';

/** The lease that a holder leaves for the next caller of its process. */
export type Handover = LeaseUnderWay | LeaseAsItIs;

/** The lease will come: an attempt for it is under way already. */
export interface LeaseUnderWay {
  readonly attempt: Promise<Attempt>;
  readonly budget: HandoverBudget;
  readonly lease?: undefined;
}

/** The lease is here, as the holder had it. */
export interface LeaseAsItIs {
  readonly lease: Lease;
  readonly budget: HandoverBudget;
  readonly renewal: KeptRenewal;
}

/** Everything that keeps a lease alive. It goes with the lease. Only `locking/holding` knows what is in it. */
export type KeptRenewal = object;

/** The lease and the place of a caller that has won. */
export interface WonLease {
  readonly lease: Lease;
  /** The first extension of a lease that began before the nodes answered. */
  readonly confirmation: Promise<Extension> | undefined;
  readonly place: PlaceInLine<Handover>;
  /** The hand-overs that are still permitted. */
  readonly budget: HandoverBudget;
  /** The renewal of the holder before, if the lease came from it as it is. */
  readonly renewal?: KeptRenewal | undefined;
}

/**
 * The hand-overs for each caller that stands in line when a process gets its turn. To change to another process
 * costs as much as several hand-overs. With more of them, a process that comes just after its turn would wait too
 * long.
 */
const HAND_OVERS_EACH = 3;

/** The limits for one process at a time, so that the others get their turn. */
const MOST_HAND_OVERS = 32;
const HAND_OVER_FOR_MS = 100;

/**
 * After this many turns in a row, and this time, the process reads what has arrived: a line of empty tasks would
 * keep timers and sockets waiting. A look at the sockets costs as much as many such turns, so there is none after
 * only a few of them.
 */
const READ_AFTER = 32;
const READ_AFTER_MS = 1;
/** After this many turns it reads, whatever the clock says. */
const READ_AT_LATEST = 1_024;

/**
 * Limits how many callers of this process get the lock one after another, without a release in between: a few for
 * each that stood in line when the first one won. A lease that changes hands as it is has no count while no other
 * process waits, since it costs the nodes nothing.
 */
export class HandoverBudget {
  private static readonly ALONE = new HandoverBudget(0, 0, false, 0, 0, false);

  private constructor(
    private readonly turnsLeft: number,
    private readonly untilMs: number,
    private readonly isAlone: boolean,
    /** The number of turns since the process has read what arrived. */
    private readonly unread: number,
    private readonly readAtMs: number,
    /** True if the process has to read what has arrived before the next turn. */
    readonly isTimeToRead: boolean,
  ) {}

  /**
   * @param followers the number of callers in line behind the first one
   * @param atOnce the number of callers that may hold the resource at the same time. All of them together get as
   *   many hand-overs as one exclusive holder: else the permits of one process would be handed over in as many
   *   places for as long
   * @param isAlone true if the last release told that no other process waits
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

  /** Like `mayGoOn`, for a lease that changes hands as it is. */
  mayGoOnAsIs(nowMs: number): boolean {
    return (this.turnsLeft > 0 || this.isAlone) && nowMs < this.untilMs;
  }

  /** The rest of the budget for the next holder. */
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
