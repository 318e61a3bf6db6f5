import type { KindOfHold } from '../ports/lock-kind';
import type { Clock } from '../ports/clock.interface';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockReentrancyError } from '../errors/lock-reentrancy.error';
import type { CheckedLockOptions } from '../locking/api/complete-lock-options';
import type { Wanted } from '../locking/api/check-targets';
import type { HeldLock } from '../locking/holding/held-lock';
import { InterruptibleSleep } from '../locking/waiting/interruptible-sleep';
import { covers, whyNot } from './covers';

/** The way in which a task takes a lock within a unit of work. */
export interface UnitTask<T> {
  readonly wanted: Wanted;
  readonly reentrant: boolean;
  readonly options: CheckedLockOptions;
  acquire(): Promise<HeldLock>;
  /** Runs the task, and releases the lock. */
  run(lock: HeldLock): Promise<T>;
}

/** The resources that a unit has locked, or is about to lock. */
interface UnitLock extends KindOfHold {
  lock: HeldLock | undefined;
  /** The number of tasks that run under the lock, or wait for their turn. */
  users: number;
  /** Settles when the earlier tasks have left. It never rejects. */
  turn: Promise<unknown> | undefined;
  /** True if a task is done, so that its result relies on the lock. */
  wasLeftHeld: boolean;
}

/**
 * Work that others see only when it is done, such as a transaction. Until then it keeps all locks that were taken
 * in it. These locks do not block the unit itself: its tasks enter a lock that it already has, one after another.
 */
export class UnitOfWork {
  isOver = false;

  private locks: readonly UnitLock[] = [];
  private readonly handles: HeldLock[] = [];
  private settle: (() => void) | undefined;
  private readonly ended = new Promise<void>((resolve) => (this.settle = resolve));

  constructor(private readonly clock: Clock) {}

  /**
   * Keeps a lock until the end of the unit, even if the caller releases it earlier. After that release, a task may
   * still enter it.
   */
  async keep(acquiring: Promise<HeldLock>): Promise<HeldLock> {
    const lock = await acquiring;
    lock.holdUntil(this.ended);
    this.handles.push(lock);
    return lock;
  }

  async withLock<T>(task: UnitTask<T>): Promise<T> {
    const mine = this.placeFor(task);
    const before = mine.turn;
    mine.users += 1;
    const done = this.takeTurn(mine, before, task).finally(() => (mine.users -= 1));
    // A task that gives up while it waits does not let later tasks run before the earlier ones are done.
    mine.turn = Promise.allSettled([before, done]);
    return done;
  }

  /** @throws LockLostError when a lock was lost after its task was done, since nobody else would tell the caller */
  throwIfLost(): void {
    this.adoptReleasedHandles();
    for (const { lock, wasLeftHeld } of this.locks) {
      lock?.noticeEnd();
      if (wasLeftHeld && lock?.lossError !== undefined) throw lock.lossError;
    }
  }

  end(): void {
    this.isOver = true;
    this.settle?.();
  }

  private placeFor({ wanted, reentrant }: UnitTask<unknown>): UnitLock {
    const { resources, kind } = wanted;
    this.adoptReleasedHandles();
    // Leave out the locks that nobody got.
    const known = this.locks.filter(({ lock, users }) => users > 0 || isHeldOrLost(lock));
    this.locks = known;
    const place = known.find((one) => covers(one, wanted));
    if (place !== undefined && reentrant) return place;
    if (place !== undefined) {
      throw new LockReentrancyError(
        resources,
        'its unit of work keeps them, and it asked with `reentrant: false`. Take the lock once, in the outer call.',
      );
    }
    const part = known.find((one) => resources.some((resource) => one.resources.includes(resource)));
    if (part !== undefined) {
      throw new LockReentrancyError(resources, `its unit of work keeps them: ${whyNot(part, wanted)}`);
    }
    const fresh = { resources, kind, lock: undefined, users: 0, turn: undefined, wasLeftHeld: false };
    this.locks = [...known, fresh];
    return fresh;
  }

  private async takeTurn<T>(
    mine: UnitLock,
    before: Promise<unknown> | undefined,
    task: UnitTask<T>,
  ): Promise<T> {
    if (before !== undefined) await this.untilTurn(before, task);
    const lock = await this.lockOf(mine, task);
    let finish: (() => void) | undefined;
    // The unit may end before the task, if nobody awaits the task. `holdUntil` throws for a lock that was lost:
    // work under such a lock cannot be relied on.
    lock.holdUntil(new Promise<void>((resolve) => (finish = resolve)));
    try {
      const result = await task.run(lock);
      mine.wasLeftHeld = true;
      return result;
    } finally {
      finish?.();
    }
  }

  private async lockOf<T>(mine: UnitLock, task: UnitTask<T>): Promise<HeldLock> {
    const known = mine.lock;
    if (known === undefined || !isHeldOrLost(known)) {
      const lock = await task.acquire();
      mine.lock = lock;
      lock.holdUntil(this.ended);
      return lock;
    }
    if (task.wanted.fencing && known.fencingToken === undefined) {
      throw new LockReentrancyError(
        task.wanted.resources,
        'its unit of work keeps them without a fencing token. Ask for `fencing` where the lock is taken first.',
      );
    }
    return known;
  }

  private async untilTurn(before: Promise<unknown>, { wanted, options }: UnitTask<unknown>): Promise<void> {
    const { clock } = this;
    const startedAtMs = clock.now();
    const wait = new InterruptibleSleep(clock, startedAtMs, options.waitMs, options.signal, {
      cancelled: () => undefined,
    });
    const turn = { hasCome: false };
    void before.then(() => {
      turn.hasCome = true;
      wait.wake();
    });
    try {
      await wait.sleep(Infinity);
    } finally {
      wait.end();
    }
    if (!turn.hasCome)
      throw new LockBusyError({ resources: wanted.resources, waitedMs: clock.now() - startedAtMs });
  }

  /** Takes over the locks that their callers have released, and that only this unit still keeps. */
  private adoptReleasedHandles(): void {
    for (const lock of this.handles.splice(0)) {
      if (isHeldOrLost(lock) && lock.isReleaseDeferred) {
        const { resources, kind } = lock;
        const released = { resources, kind, lock, users: 0, turn: undefined, wasLeftHeld: true };
        this.locks = [...this.locks, released];
      } else if (!lock.isOver()) this.handles.push(lock);
    }
  }
}

function isHeldOrLost(lock: HeldLock | undefined): boolean {
  lock?.noticeEnd();
  return lock !== undefined && (!lock.isOver() || lock.lossError !== undefined);
}
