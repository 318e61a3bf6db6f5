import { LockOptionsError } from '../../errors/lock-options.error';

/** What a release says that is put off. */
export const DEFERRED = Promise.resolve('deferred' as const);

/** What a lock is not released before: a commit, an upload, a response. */
export class Holdback {
  private pending = 0;
  private lock: { release(): unknown } | undefined;

  /** The lock was to be released, and is not yet. */
  get isWaitedFor(): boolean {
    return this.lock !== undefined;
  }

  /** @throws LockOptionsError for what never settles, since it is no promise */
  add(promise: PromiseLike<unknown>): void {
    if (!isPromise(promise)) {
      throw new LockOptionsError('holdUntil', 'needs a promise, such as that of a commit.');
    }
    this.pending += 1;
    // How it settles is for those who wait for it: a transaction that is rolled back is over too.
    Promise.resolve(promise).then(this.settled, this.settled);
  }

  /**
   * Whether there is something to wait for. Then the lock is released when there is nothing any more; what is added
   * meanwhile counts.
   */
  delays(lock: { release(): unknown }): boolean {
    if (this.pending === 0) return false;
    this.lock = lock;
    return true;
  }

  /** @throws LockOptionsError while there is something to wait for: who resumes the lock would not know of it */
  refuseToLeave(): void {
    if (this.pending === 0) return;
    throw new LockOptionsError(
      'detach',
      'is not possible while a promise given to holdUntil() has not settled. Await that promise first.',
    );
  }

  private readonly settled = (): void => {
    this.pending -= 1;
    if (this.pending === 0) this.lock?.release();
  };
}

/** Whether the value is a promise, of any library and of any realm. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}
