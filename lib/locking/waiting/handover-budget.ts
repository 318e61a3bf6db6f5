import type { Attempt } from '../../core/attempt';
import type { Clock } from '../../ports/clock.interface';
import type { Lease } from '../../core/lease';
import type { Extension } from '../../core/outcomes';
import type { PlaceInLine } from './waiting-line';

/** What a holder leaves for the next caller of its process. */
export interface Handover {
  /** The holder's own lease, on its way to the next: an attempt that is under way already. */
  readonly attempt: Promise<Attempt>;
  readonly budget: HandoverBudget;
}

/** What a caller has when it has won. */
export interface WonLease {
  readonly lease: Lease;
  /** The first extension of a lease that began before the nodes answered. */
  readonly confirmation: Promise<Extension> | undefined;
  readonly place: PlaceInLine<Handover>;
  /** What it may still pass on. */
  readonly budget: HandoverBudget;
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
 * The callers of this process that get the lock one after another, without a release in between: a few for each that
 * stood in line when the first of them won it, within bounds.
 */
export class HandoverBudget {
  private static readonly ALONE = new HandoverBudget(0, 0);

  private constructor(
    private readonly turnsLeft: number,
    private readonly untilMs: number,
  ) {}

  /**
   * @param followers how many stand in line behind the first
   * @param atOnce how many may hold the resource at the same time. All of them together may pass it on as often as one who
   * has it alone: else those of one process would go on in as many places for as long
   */
  static startingAt(clock: Clock, followers: number, atOnce = 1): HandoverBudget {
    if (followers === 0) return HandoverBudget.ALONE;
    const turns = Math.min(HAND_OVERS_EACH * followers, MOST_HAND_OVERS);
    return new HandoverBudget(Math.ceil(turns / atOnce), clock.now() + HAND_OVER_FOR_MS);
  }

  mayGoOn(nowMs: number): boolean {
    return this.turnsLeft > 0 && nowMs < this.untilMs;
  }

  next(): HandoverBudget {
    return new HandoverBudget(this.turnsLeft - 1, this.untilMs);
  }
}
