import type { HeldLock } from '../locking/lock';
import { LockManager } from '../locking/lock-manager';

/** Keeps the handles that it gave out, so that a test can take one away. */
export class TestingLockManager extends LockManager {
  private readonly handles = new Set<HeldLock>();

  override async acquire(...args: Parameters<LockManager['acquire']>): Promise<HeldLock> {
    const lock = await super.acquire(...args);
    for (const one of this.handles) if (!one.isHeld) this.handles.delete(one);
    this.handles.add(lock);
    return lock;
  }

  /** The handle of the lock that is held on `resource`, if it was given out here. */
  holderOf(resource: string): HeldLock | undefined {
    return [...this.handles].find((lock) => lock.isHeld && lock.resources.includes(resource));
  }
}
