import { modeAt, type KindOfHold } from '../ports/lock-kind';
import type { Clock } from '../ports/clock.interface';
import { LockBusyError } from '../errors/lock-busy.error';
import { laterTurn } from '../core/later-turn';
import { LockReentrancyError } from '../errors/lock-reentrancy.error';
import type { CheckedLockOptions } from '../locking/api/complete-lock-options';
import type { Wanted } from '../locking/api/check-targets';
import type { HeldLock } from '../locking/holding/held-lock';
import { InterruptibleSleep } from '../locking/waiting/interruptible-sleep';
import type { Lock } from '../locking/api/lock.interface';
import { AnotherHandle } from './another-handle';
import { covers, whyNot } from './covers';

/** The way in which code takes a lock within a unit of work. */
export interface UnitCall {
  readonly wanted: Wanted;
  readonly options: CheckedLockOptions;
  acquire(): Promise<HeldLock>;
}

/** The way in which a task takes a lock within a unit of work. */
export interface UnitTask<T> extends UnitCall {
  readonly reentrant: boolean;
  /** Runs the task, and releases the lock. */
  run(lock: HeldLock): Promise<T>;
}

/** The resources that a unit has locked, or is about to lock. */
interface UnitLock extends KindOfHold {
  lock: HeldLock | undefined;
  /** The number of tasks and handles that use the lock, or wait for their turn. */
  users: number;
  /** True from the call that asks for the lock as a handle until that is released. */
  isHandedOut: boolean;
  /** Settles when the earlier tasks have left, and the earlier handles are released. It never rejects. */
  turn: Promise<unknown> | undefined;
  /** True if a task is done, or a handle was released, so that the result relies on the lock. */
  wasLeftHeld: boolean;
}

/**
 * Work that others see only when it is done, such as a transaction. Until then it keeps all locks that were taken
 * in it. These locks do not block the unit itself: its tasks and handles enter a lock that it already has, one after
 * another.
 */
export class UnitOfWork {
  isOver = false;

  /** The locks that have each resource. There may be very many, since a unit keeps all that it takes. */
  private readonly locks = new Map<string, readonly UnitLock[]>();
  private settle: (() => void) | undefined;
  private readonly ended = new Promise<void>((resolve) => (this.settle = resolve));

  constructor(private readonly clock: Clock) {}

  /**
   * Gives a handle. The lock is kept until the end of the unit, even if the caller releases it earlier, and after that
   * release the unit may enter it again. Where the unit has the lock already, the handle is one more for that lock.
   */
  async acquire(call: UnitCall): Promise<Lock> {
    // What the nodes give beside the locks of the unit, as one more permit, is asked for as by anybody else.
    const mine = this.placeFor(call, true, () => true);
    const before = mine.turn;
    let leave: () => void = ignore;
    const left = new Promise<void>((resolve) => (leave = resolve));
    mine.turn = Promise.allSettled([before, left]);
    mine.users += 1;
    mine.isHandedOut = true;
    const letGo = (): void => {
      mine.isHandedOut = false;
      this.left(mine);
      leave();
    };
    try {
      if (before !== undefined) await this.untilTurn(before, call);
      const entered = mine.lock;
      const lock = await this.lockOf(mine, call);
      const released = (): void => {
        if (!lock.isOver()) mine.wasLeftHeld = true;
        // Its holder was told of the loss, and nothing relies on the lock any more.
        else if (!mine.wasLeftHeld) mine.lock = undefined;
        letGo();
      };
      if (lock === entered) return new AnotherHandle(lock, released);
      lock.onLetGo(released);
      return lock;
    } catch (error) {
      letGo();
      throw error;
    }
  }

  async withLock<T>(task: UnitTask<T>): Promise<T> {
    const mine = this.placeFor(task, task.reentrant, ({ isHandedOut }) => isHandedOut);
    const before = mine.turn;
    mine.users += 1;
    const done = this.takeTurn(mine, before, task).finally(() => {
      this.left(mine);
    });
    // A task that gives up while it waits does not let later tasks run before the earlier ones are done.
    mine.turn = Promise.allSettled([before, done]);
    return done;
  }

  /** @throws LockLostError when a lock was lost after its task was done, since nobody else would tell the caller */
  throwIfLost(): void {
    for (const { lock, wasLeftHeld } of [...this.locks.values()].flat()) {
      lock?.noticeEnd();
      if (wasLeftHeld && lock?.lossError !== undefined) throw lock.lossError;
    }
  }

  end(): void {
    this.isOver = true;
    this.settle?.();
  }

  /** @param goesBeside tells of which locks it takes no notice unless they are in its way */
  private placeFor(
    { wanted }: UnitCall,
    reentrant: boolean,
    goesBeside: (one: UnitLock) => boolean,
  ): UnitLock {
    const { resources, kind } = wanted;
    const known = this.locksWith(resources).filter((one) => !goesBeside(one) || isInTheWay(one, wanted));
    const place = known.find((one) => covers(one, wanted));
    if (place !== undefined && reentrant) return place;
    if (place !== undefined) {
      throw new LockReentrancyError(
        resources,
        'its unit of work keeps them, and it asked with `reentrant: false`. Take the lock once, in the outer call.',
      );
    }
    const [part] = known;
    if (part !== undefined) {
      throw new LockReentrancyError(resources, `its unit of work keeps them: ${whyNot(part, wanted)}`);
    }
    const fresh: UnitLock = {
      ...{ resources, kind, lock: undefined, users: 0 },
      ...{ isHandedOut: false, turn: undefined, wasLeftHeld: false },
    };
    for (const resource of resources) this.locks.set(resource, [...(this.locks.get(resource) ?? []), fresh]);
    return fresh;
  }

  /** The locks that have some of the resources. Those that nobody got are forgotten when the last one leaves. */
  private locksWith(resources: readonly string[]): readonly UnitLock[] {
    return [...new Set(resources.flatMap((resource) => this.locks.get(resource) ?? []))];
  }

  /** Notes that a task or a handle has left a lock. A lock that nobody got is forgotten. */
  private left(mine: UnitLock): void {
    mine.users -= 1;
    if (mine.users > 0 || isHeldOrLost(mine.lock)) return;
    for (const resource of mine.resources) {
      const others = (this.locks.get(resource) ?? []).filter((one) => one !== mine);
      if (others.length > 0) this.locks.set(resource, others);
      else this.locks.delete(resource);
    }
  }

  private async takeTurn<T>(
    mine: UnitLock,
    before: Promise<unknown> | undefined,
    task: UnitTask<T>,
  ): Promise<T> {
    if (before !== undefined) await this.untilTurn(before, task);
    const lock = await this.lockOf(mine, task);
    if (lock.isOver()) await laterTurn(this.clock);
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

  private async lockOf(mine: UnitLock, task: UnitCall): Promise<HeldLock> {
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

  private async untilTurn(before: Promise<unknown>, { wanted, options }: UnitCall): Promise<void> {
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
}

/** Tells if nobody could get `wanted` beside `held`: one of them is exclusive where both have the same resource. */
function isInTheWay(held: KindOfHold, wanted: KindOfHold): boolean {
  return wanted.resources.some(
    (resource) =>
      held.resources.includes(resource) &&
      (modeAt(held.kind, resource) === 'exclusive' || modeAt(wanted.kind, resource) === 'exclusive'),
  );
}

function isHeldOrLost(lock: HeldLock | undefined): boolean {
  lock?.noticeEnd();
  return lock !== undefined && (!lock.isOver() || lock.lossError !== undefined);
}

function ignore(): void {
  // This function is replaced at once.
}
