import type { Clock } from '../../ports/clock.interface';
import { detached } from '../../ports/detached';
import type { AsyncResource } from 'node:async_hooks';
import type { LockKind } from '../../ports/lock-kind';
import type { CheckedLockOptions } from '../api/complete-lock-options';

/** A call that waits to be admitted. Its methods must not throw. */
export interface Admissible {
  /** Called when it is admitted. After that it calls {@link Admission.leave} once. */
  begin(): void;
}

/**
 * With this many, nodes and client always have something to do. Calls that are under way survive a garbage
 * collection and are copied: with ten thousand at once, that was a third of a client's time.
 */
const LEAST_ROOM = 256;

/** The time between two looks at the progress of the admitted calls. */
const LOOK_EVERY_MS = 10;

/**
 * Admits only a limited number of calls that ask the nodes at the same moment. The others wait in order, and cost
 * little.
 *
 * If the nodes are far away or silent, the client is not busy, and more calls at once do no harm. So the room
 * doubles with every look that finds most of the admitted calls still there.
 */
export class Admission {
  private room = LEAST_ROOM;
  private inside = 0;
  /** The calls that wait. Those before `next` were admitted. */
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
    // The call that leaves has nothing to do with the calls that are admitted, so they run outside of its async
    // context.
    if (!this.isEmpty) detached(this.letIn);
  }

  /** Returns the calls that wait, and will not be admitted any more. */
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
    // Some calls leave before `begin` returns. Without this check, each of these would admit the next one in a
    // nested call.
    if (this.isLettingIn) return;
    this.isLettingIn = true;
    while (this.inside < this.room && this.next < this.waiting.length) {
      const applicant = this.waiting[this.next];
      // The array may be much older than the call, and would keep it in memory.
      this.waiting[this.next++] = undefined;
      this.inside += 1;
      applicant?.begin();
    }
    this.isLettingIn = false;
    this.forgetThoseInside();
  };

  /** Drops the entries of admitted calls. The cost per call is constant on average. */
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

/** Begins the acquisition of a call when the call is admitted. */
export interface LockCallOwner<L> {
  admitted(call: LockCall<L>): void;
}

/**
 * The request of a caller. There may be very many of them, so a call has nothing else until it is admitted.
 *
 * @typeParam L the class of the lock that the caller gets
 */
export class LockCall<L> implements Admissible {
  constructor(
    readonly resources: readonly string[],
    readonly options: CheckedLockOptions,
    private readonly owner: LockCallOwner<L>,
    /** The moment of the call on the monotonic clock. */
    readonly startedAtMs: number,
    readonly resolve: (lock: L) => void,
    readonly reject: (error: unknown) => void,
    /** The caller's async context. */
    readonly context: AsyncResource | undefined,
    readonly asker: Asker,
    /** The way in which the resources are to be held. Undefined: exclusively. */
    readonly kind: LockKind | undefined,
  ) {}

  begin(): void {
    this.owner.admitted(this);
  }
}

/** The code that asks for a lock. */
export interface Asker {
  /** True for code that runs under a lock of the same service, and may need this one to finish. */
  readonly isInside: boolean;
  /** True if it gets the lock as a handle, so that nobody knows which code runs under it. */
  readonly takesHandle: boolean;
}

export const OUTSIDE: Asker = { isInside: false, takesHandle: false };
const OUTSIDE_FOR_HANDLE: Asker = { isInside: false, takesHandle: true };
const INSIDE: Asker = { isInside: true, takesHandle: false };
const INSIDE_FOR_HANDLE: Asker = { isInside: true, takesHandle: true };

/** Returns one of four objects, since this runs with every lock. */
export function askerFor(isInside: boolean, takesHandle: boolean): Asker {
  if (isInside) return takesHandle ? INSIDE_FOR_HANDLE : INSIDE;
  return takesHandle ? OUTSIDE_FOR_HANDLE : OUTSIDE;
}
