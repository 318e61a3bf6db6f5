import type { Clock } from '../../ports/clock.interface';
import { detached } from '../../system/detached';

/** Who waits to be let in. Must not throw. */
export interface Admissible {
  /** It is let in. Whoever is calls {@link Admission.leave} once. */
  begin(): void;
}

/**
 * Enough that nodes and client always have something to do. What is under way when the garbage collector comes survives,
 * and is copied: with ten thousand at once that was a third of a client's time.
 */
const LEAST_ROOM = 256;

/** How often it is looked at whether those who are in get on. */
const LOOK_EVERY_MS = 10;

/**
 * Lets only so many ask the nodes at the same moment; the others wait in order, and cost little.
 *
 * Where the nodes are far away or silent, it is not the client that is busy, and more at once harm nobody: the room doubles
 * with every look that finds most of those who were in still there.
 */
export class Admission {
  private room = LEAST_ROOM;
  private inside = 0;
  /** Those before `next` were let in. */
  private waiting: (Admissible | undefined)[] = [];
  private next = 0;
  private isLettingIn = false;
  private willLook = false;
  private leftSinceLook = 0;
  private insideAtLook = 0;

  constructor(private readonly clock: Clock) {}

  /** Calls `begin`, at once or later. */
  enter(applicant: Admissible): void {
    if (this.isEmpty && this.inside < this.room) {
      this.inside += 1;
      applicant.begin();
      return;
    }
    this.waiting.push(applicant);
    if (!this.willLook) this.lookLater();
  }

  leave(): void {
    this.inside -= 1;
    this.leftSinceLook += 1;
    // Whoever leaves has nothing to do with those who come in.
    if (!this.isEmpty) detached(this.letIn);
  }

  /** Those who wait, and will not be let in any more. */
  turnAway(): readonly Admissible[] {
    const away = this.waiting.filter((applicant) => applicant !== undefined);
    this.waiting = [];
    this.next = 0;
    return away;
  }

  private get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  private readonly letIn = (): void => {
    // Some leave before `begin` returns: they would be let in one inside the other.
    if (this.isLettingIn) return;
    this.isLettingIn = true;
    while (this.inside < this.room && this.next < this.waiting.length) {
      const applicant = this.waiting[this.next];
      // The array can be much older than what it would keep alive.
      this.waiting[this.next++] = undefined;
      this.inside += 1;
      applicant?.begin();
    }
    this.isLettingIn = false;
    this.forgetThoseInside();
  };

  /** Forgets them at a cost that is constant for each on average. */
  private forgetThoseInside(): void {
    if (this.next * 2 < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.next);
    this.next = 0;
  }

  private lookLater(): void {
    this.willLook = true;
    this.leftSinceLook = 0;
    this.insideAtLook = this.inside;
    this.clock.schedule(LOOK_EVERY_MS, this.look, { background: true });
  }

  private readonly look = (): void => {
    this.willLook = false;
    if (this.isEmpty) {
      this.room = LEAST_ROOM;
      return;
    }
    if (this.leftSinceLook < this.insideAtLook / 2) this.room *= 2;
    else if (this.leftSinceLook > this.insideAtLook) this.room = Math.max(LEAST_ROOM, this.room / 2);
    this.letIn();
    this.lookLater();
  };
}
