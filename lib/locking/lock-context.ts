import { AsyncLocalStorage } from 'node:async_hooks';
import type { Lock } from './lock.interface';
import type { HeldLock } from './lock';

/** A lock that an async context holds, and how many tasks run under it. */
interface Frame {
  readonly lock: HeldLock;
  readonly outer: Frame | undefined;
  /** Shared by the tasks that entered the same lock again; the last one to leave releases it. */
  readonly users: { count: number };
}

/** Which locks the running code holds: whatever a task calls or awaits, sees the lock of the task. */
export class LockContext {
  private readonly storage = new AsyncLocalStorage<Frame>();

  /** The innermost lock that is still held, and has `resource` if one is given. */
  current(resource?: string): Lock | undefined {
    return this.find(({ lock }) => resource === undefined || lock.resources.includes(resource))?.lock;
  }

  /** A held lock that has all of `resources`. */
  holdingAll(resources: readonly string[]): Frame | undefined {
    return this.find(({ lock }) => resources.every((resource) => lock.resources.includes(resource)));
  }

  /** A held lock that has one of `resources` at least. */
  holdingSome(resources: readonly string[]): Frame | undefined {
    return this.find(({ lock }) => resources.some((resource) => lock.resources.includes(resource)));
  }

  /** Runs `task` under a lock that was just acquired. */
  enter<T>(lock: HeldLock, task: (lock: Lock) => T | Promise<T>): Promise<T> {
    return this.run({ lock, outer: this.innermost(), users: { count: 0 } }, task);
  }

  /** Runs `task` under a lock that the context holds already. */
  reenter<T>(frame: Frame, task: (lock: Lock) => T | Promise<T>): Promise<T> {
    return this.run({ ...frame, outer: this.innermost() }, task);
  }

  /** The task's error passes as it is; its result only if the lock was ours until the task was done. */
  private async run<T>(frame: Frame, task: (lock: Lock) => T | Promise<T>): Promise<T> {
    const { lock, users } = frame;
    users.count += 1;
    let result: T;
    try {
      result = await this.storage.run(frame, () => task(lock));
    } catch (error) {
      await this.leave(frame);
      throw error;
    }
    lock.noticeEnd();
    await this.leave(frame);
    if (lock.lossError !== undefined) throw lock.lossError;
    return result;
  }

  private async leave({ lock, users }: Frame): Promise<void> {
    users.count -= 1;
    if (users.count === 0) await lock.release();
  }

  /** Not simply the store: a chain of tasks that start each other would keep every lock that it ever had (R18). */
  private innermost(): Frame | undefined {
    return this.find(() => true);
  }

  private find(isIt: (frame: Frame) => boolean): Frame | undefined {
    for (let frame = this.storage.getStore(); frame !== undefined; frame = frame.outer) {
      if (frame.lock.isHeld && isIt(frame)) return frame;
    }
    return undefined;
  }
}
