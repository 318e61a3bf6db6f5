import { LockManager } from '../locking/lock-manager';
import type { LockTicket } from '../locking/api/lock-ticket';
import type { ResumeOptions } from '../locking/api/lock-options';

/** A lock that a manager has given out. */
export type HeldLock = Awaited<ReturnType<LockManager['acquire']>>;

/** Keeps the handles that it gave out, so that a test can take one away. */
export class TestingLockManager extends LockManager {
  private readonly handles = new Set<HeldLock>();

  override async acquire(...args: Parameters<LockManager['acquire']>): Promise<HeldLock> {
    return this.note(await super.acquire(...args));
  }

  override async acquireChecked(...args: Parameters<LockManager['acquireChecked']>): Promise<HeldLock> {
    return this.note(await super.acquireChecked(...args));
  }

  override async resume(ticket: LockTicket, options?: ResumeOptions): Promise<HeldLock> {
    return this.note(await super.resume(ticket, options));
  }

  /** The handle of the lock that is held on `resource`, if it was given out here. */
  holderOf(resource: string): HeldLock | undefined {
    return [...this.handles].find((lock) => lock.isHeld && lock.resources.includes(resource));
  }

  /** The handles of all holders, if there are several. */
  holdersOf(resource: string): readonly HeldLock[] {
    return [...this.handles].filter((lock) => lock.isHeld && lock.resources.includes(resource));
  }

  private note(lock: HeldLock): HeldLock {
    for (const one of this.handles) if (!one.isHeld) this.handles.delete(one);
    this.handles.add(lock);
    return lock;
  }
}
