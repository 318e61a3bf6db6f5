import { LockBusyError } from '../errors/lock-busy.error';
import type { Lock } from '../locking/api/lock.interface';
import type { WithLockOnBusy } from '../locking/api/with-lock-options';

type Task<T> = (lock: Lock) => T | Promise<T>;

/**
 * Runs a task under a lock, or comes to what `onBusy` says.
 *
 * @param withLock takes the lock, and throws when it is busy
 */
export async function unlessBusy<T>(
  onBusy: Exclude<WithLockOnBusy, 'throw'>,
  task: Task<T>,
  withLock: (task: Task<T>) => Promise<unknown>,
): Promise<unknown> {
  const progress = { hasStarted: false };
  try {
    return await withLock((lock) => {
      progress.hasStarted = true;
      return task(lock);
    });
  } catch (error) {
    // The task may itself have found another lock busy.
    if (progress.hasStarted || !(error instanceof LockBusyError)) throw error;
    return onBusy === 'skip' ? undefined : onBusy(error);
  }
}
