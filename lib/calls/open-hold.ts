import { AsyncResource } from 'node:async_hooks';
import type { Lock } from '../locking/api/lock.interface';
import type { LockedCall } from './locked-call';

/** A lock that stays held after the call that took it, until somebody ends it. */
export interface OpenHold {
  readonly lock: Lock;
  /** Runs code as a part of the task: it holds the lock, and may enter it again. */
  run<T>(code: () => T): T;
  /**
   * Releases the lock. A second call does nothing.
   *
   * @throws LockLostError if it was lost before
   */
  end(): Promise<void>;
}

/** Takes the lock of a call and keeps it. Rejects like `withLock` if it gets none. */
export function openHold(call: Pick<LockedCall, 'withLock'>, leaving?: AbortSignal): Promise<OpenHold> {
  return new Promise((resolve, reject) => {
    const task = (lock: Lock) =>
      new Promise<void>((finish) => {
        const scope = new AsyncResource('nestjs-redlock.OpenHold');
        resolve({
          lock,
          run: (code) => scope.runInAsyncScope(code),
          end: () => {
            finish();
            return done;
          },
        });
      });
    const done = call.withLock(task, leaving);
    done.catch(reject);
  });
}
