import { AsyncLocalStorage } from 'node:async_hooks';
import type { KindOfHold } from '../core/lock-kind';
import { LockReentrancyError } from '../errors/lock-reentrancy.error';
import type { Lock } from '../locking/api/lock.interface';
import type { Wanted } from '../locking/checks/check-kind';
import type { HeldLock } from '../locking/holding/held-lock';
import { covers, whyNot } from './covers';
import { refuseStream } from './refuse-streams';

/** A lock that tasks run under. */
interface Possession {
  /** Undefined when it is over: whatever was started in the context keeps the frame, and must not keep the lock (R18). */
  lock: HeldLock | undefined;
  /** The tasks that entered it, and entered it again; the last one to leave releases it. */
  users: number;
}

/** A lock that an async context holds. */
interface Frame {
  readonly possession: Possession;
  /** The one before it. Those that are over are left out when somebody looks. */
  outer: Frame | undefined;
}

/** Which locks the running code holds: whatever a task calls or awaits, sees the lock of the task. */
export class LockContext {
  private readonly storage = new AsyncLocalStorage<Frame>();

  /** The innermost lock that is still held, and has `resource` if one is given. */
  current(resource?: string): Lock | undefined {
    return this.find((lock) => resource === undefined || lock.resources.includes(resource))?.lock;
  }

  /** A held lock that has all that is wanted. */
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

  /** `lock` itself, if the context holds it still. */
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

  /** The task's error passes as it is; its result only if the lock was ours until the task was done, and nothing is left to do. */
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
   * The locks that the context holds, each of them once and without that of `inner`, which comes before them. Not simply
   * the store: a task that starts itself again under one lock would keep a frame for each time (R18).
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
  /** Releases it, when the last task has left. */
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

/** The first of these frames whose lock is held; the others are cut out, since what is over once is over for ever. */
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

/** A copy, since other tasks may run in these frames. */
function without(frame: Frame | undefined, possession: Possession): Frame | undefined {
  if (frame === undefined || frame.possession === possession) return frame?.outer;
  return { possession: frame.possession, outer: without(frame.outer, possession) };
}
