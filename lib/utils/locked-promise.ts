import { isObservable, type Observable } from 'rxjs';
import { LockLostError } from '../errors/lock-lost.error';
import type { Lock } from '../locking/lock.interface';
import { insteadOf, type LockedCall, type LockedTask, type Progress } from './locked-call';
import { isAsyncGenerator, lockedGenerator, type AnyAsyncGenerator } from './locked-generator';
import { lockedObservable } from './locked-observable';
import { openHold } from './open-hold';
import { systemClock } from './system-clock';

/** Runs `method` under the lock. A stream that it comes to keeps the lock. */
export async function lockedPromise(call: LockedCall, method: LockedTask): Promise<unknown> {
  const progress: Progress = { hasStarted: false };
  try {
    return await call.withLock(async (lock) => {
      progress.hasStarted = true;
      progress.lock = lock;
      const result = await method(lock);
      progress.finished = { result };
      return isStream(result) ? keepLockFor(result, call, lock) : result;
    });
  } catch (error) {
    return insteadOf(error, call, progress);
  }
}

type Stream = Observable<unknown> | AnyAsyncGenerator;

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && (isObservable(value) || isAsyncGenerator(value));
}

/**
 * A stream that stays under the lock of the call which returned it, until it ends. It can be started once; if nobody
 * does, it holds the lock for no longer than what was left of its validity.
 */
async function keepLockFor(stream: Stream, call: LockedCall, lock: Lock): Promise<Stream> {
  // Inside of the task, so that it enters again, and the lock outlives the task.
  const waiting = await openHold(call.reenter(lock));
  let isWaiting = true;
  const stopWaiting = () => {
    isWaiting = false;
    deadline.cancel();
    waiting.end().catch(() => undefined);
  };
  const deadline = systemClock.schedule(lock.remainingMs, stopWaiting, { background: true });

  const streaming: LockedCall = {
    reenter: (held) => call.reenter(held),
    onBusy: 'throw',
    onLost: call.onLost,
    async withLock(task) {
      if (!isWaiting) throw new LockLostError({ resources: lock.resources, reason: 'released' });
      lock.assertHeld();
      const done = waiting.run(() => call.reenter(lock).withLock(task));
      stopWaiting();
      return done;
    },
  };
  return isObservable(stream)
    ? lockedObservable(streaming, () => stream)
    : lockedGenerator(streaming, () => stream);
}
