import { LockOptionsError } from '../../errors/lock-options.error';

/** The result of a release that was put off. */
export const DEFERRED = Promise.resolve('deferred' as const);

/** The promises that a lock is kept for: a commit, an upload, a response. */
export class Holdback {
  private pending = 0;
  private lock: { release(): unknown } | undefined;
  private letGo: (() => void) | undefined;

  /** True if the lock was to be released, and is not yet. */
  get isWaitedFor(): boolean {
    return this.lock !== undefined;
  }

  /** @throws LockOptionsError for a value that is no promise, since it never settles */
  add(promise: PromiseLike<unknown>): void {
    if (!isPromise(promise)) {
      throw new LockOptionsError('holdUntil', 'needs a promise, such as that of a commit.');
    }
    this.pending += 1;
    // A rejection counts like a success, since a transaction that is rolled back is over too. Callers await the
    // promise for its error.
    const settled = () => {
      this.settled();
    };
    Promise.resolve(promise).then(settled, settled);
  }

  /**
   * Tells if the release has to wait. Then the lock is released when all promises have settled, those included
   * that are added in the meantime.
   */
  delays(lock: { release(): unknown }): boolean {
    if (this.pending === 0) return false;
    this.lock = lock;
    this.wasLetGo();
    return true;
  }

  /** Calls `listener` once, when the holder releases the lock for the first time, or when the lock ends before. */
  onLetGo(listener: () => void): void {
    this.letGo = listener;
  }

  /** Notes that the holder has let the lock go, or that the lock has ended. */
  wasLetGo(): void {
    const { letGo } = this;
    this.letGo = undefined;
    letGo?.();
  }

  /**
   * @throws LockOptionsError while a promise has not settled, since the process that resumes the lock would not
   *   know of it
   */
  refuseToLeave(): void {
    if (this.pending === 0) return;
    throw new LockOptionsError(
      'detach',
      'is not possible while a promise given to holdUntil() has not settled. Await that promise first.',
    );
  }

  private settled(): void {
    this.pending -= 1;
    if (this.pending === 0) this.lock?.release();
  }
}

/** Tells if the value is a promise of any library and any realm. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}
