import type { KindOfHold } from '../core/lock-kind';
import type { Clock } from '../ports/clock.interface';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockReentrancyError } from '../errors/lock-reentrancy.error';
import type { CheckedLockOptions } from '../locking/checks/complete-lock-options';
import type { Wanted } from '../locking/checks/check-kind';
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

/** Resources that a unit has locked, or is about to. */
interface UnitLock extends KindOfHold {
  lock: HeldLock | undefined;
  /** Tasks that run under it, or wait for their turn. */
  users: number;
  /** Settles when those who came before have left; never rejects. */
  turn: Promise<unknown> | undefined;
  /** A task is done, and what it gave rests on the lock. */
  wasLeftHeld: boolean;
}

/**
 * Work that others see only when it is done, such as a transaction: until then it keeps all locks that were taken in it.
 * They are not in its own way: its tasks enter a lock that it has again, one after another.
 */
export class UnitOfWork {
  isOver = false;

  private locks: readonly UnitLock[] = [];
  private readonly handles: HeldLock[] = [];
  private settle: (() => void) | undefined;
  private readonly ended = new Promise<void>((resolve) => (this.settle = resolve));

  constructor(private readonly clock: Clock) {}

  /** Keeps a lock that the caller releases. A task may enter it after that too. */
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
    // Who gives up while it waits does not make way for those behind it.
    mine.turn = Promise.allSettled([before, done]);
    return done;
  }

  /** @throws LockLostError when a lock was lost after its task was done: nobody else would tell */
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
    // Without those that nobody got.
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
    // The unit may be over before the task, where nobody awaits it. Throws for a lock that was lost: what was done under
    // it cannot be relied on any more.
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
