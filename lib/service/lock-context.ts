import { AsyncLocalStorage } from 'node:async_hooks';
import type { KindOfHold } from '../ports/lock-kind';
import { LockReentrancyError } from '../errors/lock-reentrancy.error';
import type { Lock } from '../locking/api/lock.interface';
import type { Wanted } from '../locking/api/check-targets';
import type { HeldLock } from '../locking/holding/held-lock';
import { covers, whyNot } from './covers';
import { refuseStream } from './refuse-streams';

/** A lock that tasks run under. */
interface Possession {
  /**
   * The lock. Undefined when it is over: code that was started in the context keeps the frame, and must not keep
   * the lock in memory (R18).
   */
  lock: HeldLock | undefined;
  /** The number of tasks that have entered it, each entry counted. The last one to leave releases the lock. */
  users: number;
}

/** A lock that an async context holds. */
interface Frame {
  readonly possession: Possession;
  /** The frame before it. Frames whose lock is over are left out when somebody looks. */
  outer: Frame | undefined;
}

/** Knows which locks the running code holds. All code that a task calls or awaits sees the lock of the task. */
export class LockContext {
  private readonly storage = new AsyncLocalStorage<Frame>();

  /** The innermost lock that is still held, and has `resource` if one is given. */
  current(resource?: string): Lock | undefined {
    return this.find((lock) => resource === undefined || lock.resources.includes(resource))?.lock;
  }

  /** Returns a held lock that has all that is wanted. */
  holdingAll(wanted: KindOfHold): Holding | undefined {
    // Nearly all code holds nothing yet.
    return this.storage.getStore() === undefined ? undefined : this.find((lock) => covers(lock, wanted));
  }

  /** A held lock that has one of `resources` at least. */
  holdingSome(resources: readonly string[]): Holding | undefined {
    return this.find((lock) => resources.some((resource) => lock.resources.includes(resource)));
  }

  /**
   * The lock that the running code may enter again. Undefined: it holds none of the resources.
   *
   * @throws LockReentrancyError if it would wait for itself, or get less than it asked for
   */
  toReenter(wanted: Wanted, reentrant: boolean): Holding | undefined {
    const { resources, fencing } = wanted;
    const frame = this.holdingAll(wanted);
    if (frame === undefined) {
      const part = this.holdingSome(resources);
      if (part === undefined) return undefined;
      throw new LockReentrancyError(resources, whyNot(part.lock, wanted));
    }
    if (!reentrant) {
      throw new LockReentrancyError(
        resources,
        'it asked with `reentrant: false`. Take the lock once, in the outer call.',
      );
    }
    if (fencing && frame.lock.fencingToken === undefined) {
      throw new LockReentrancyError(
        resources,
        'it holds them without a fencing token. Ask for `fencing` where the lock is taken, in the outer call.',
      );
    }
    return frame;
  }

  /** Returns `lock` itself, if the context still holds it. */
  holding(lock: Lock): Holding | undefined {
    return this.find((held) => held === lock);
  }

  /** Runs `task` under a lock that was just acquired. */
  enter<T>(lock: HeldLock, task: (lock: Lock) => T | Promise<T>): Promise<T> {
    return this.run({ lock, possession: { lock, users: 0 } }, task);
  }

  /** Runs `task` under a lock that the context holds already. */
  reenter<T>(holding: Holding, task: (lock: Lock) => T | Promise<T>): Promise<T> {
    return this.run(holding, task);
  }

  /** A lock that tasks enter and leave, and that stays until `end`, which waits for those that are inside. */
  standing(lock: HeldLock): StandingLock {
    const possession: Possession = { lock, users: 1 };
    return {
      enter: (task) => this.run({ lock, possession }, task),
      end: () => leave(lock, possession),
    };
  }

  /**
   * Runs the task and leaves the lock. An error of the task is thrown as it is. The result is returned only if the
   * lock was ours until the task was done, and after the lock is released.
   */
  private async run<T>({ lock, possession }: Holding, task: (lock: Lock) => T | Promise<T>): Promise<T> {
    const frame: Frame = { possession, outer: this.outerFor(possession) };
    possession.users += 1;
    let result: T;
    try {
      result = await this.storage.run(frame, () => task(lock));
      refuseStream(result, 'task');
    } catch (error) {
      await leave(lock, possession);
      throw error;
    }
    lock.noticeEnd();
    await leave(lock, possession);
    if (lock.lossError !== undefined) throw lock.lossError;
    return result;
  }

  /**
   * Returns the frames of the locks that the context holds, each lock once. `inner` is left out, since its frame
   * comes before them. The store itself is not used: a task that starts itself again under one lock would keep a
   * frame for each time (R18).
   */
  private outerFor(inner: Possession): Frame | undefined {
    const frame = held(this.storage.getStore());
    return has(frame, inner) ? without(frame, inner) : frame;
  }

  private find(isIt: (lock: HeldLock) => boolean): Holding | undefined {
    for (let frame = held(this.storage.getStore()); frame !== undefined; frame = frame.outer) {
      const { possession } = frame;
      const { lock } = possession;
      if (lock !== undefined && isIt(lock)) return { lock, possession };
    }
    return undefined;
  }
}

/** A lock that outlasts the tasks that run under it. */
export interface StandingLock {
  enter<T>(task: (lock: Lock) => T | Promise<T>): Promise<T>;
  /** Releases the lock when the last task has left. */
  end(): Promise<void>;
}

/** A lock that the running code holds. */
interface Holding {
  readonly lock: HeldLock;
  readonly possession: Possession;
}

async function leave(lock: HeldLock, possession: Possession): Promise<void> {
  possession.users -= 1;
  if (possession.users > 0) return;
  const released = lock.release();
  possession.lock = undefined;
  await released;
}

/**
 * Returns the first of these frames whose lock is held. The others are removed from the chain, since a lock that
 * is over stays over.
 */
function held(innermost: Frame | undefined): Frame | undefined {
  let first = innermost;
  while (first !== undefined && !isHeld(first)) first = first.outer;
  for (let frame = first; frame !== undefined; frame = frame.outer) {
    while (frame.outer !== undefined && !isHeld(frame.outer)) frame.outer = frame.outer.outer;
  }
  return first;
}

function isHeld({ possession }: Frame): boolean {
  return possession.lock?.isHeld === true;
}

function has(innermost: Frame | undefined, possession: Possession): boolean {
  for (let frame = innermost; frame !== undefined; frame = frame.outer) {
    if (frame.possession === possession) return true;
  }
  return false;
}

/** Copies the chain, since other tasks may run in these frames. */
function without(frame: Frame | undefined, possession: Possession): Frame | undefined {
  if (frame === undefined || frame.possession === possession) return frame?.outer;
  return { possession: frame.possession, outer: without(frame.outer, possession) };
}
