import { isObservable, type Observable } from 'rxjs';
import { LockLostError } from '../errors/lock-lost.error';
import type { Lock } from '../locking/api/lock.interface';
import { Caller } from './caller';
import {
  type AnsweredRequest,
  insteadOf,
  keepFor,
  type LockedCall,
  type LockedTask,
  type Progress,
} from './locked-call';
import { closeUnread, isAsyncGenerator, lockedGenerator, type AnyAsyncGenerator } from './locked-generator';
import { lockedObservable } from './locked-observable';
import { openHold } from './open-hold';
import { isStream as isReadLater } from '../service/refuse-streams';
import { systemClock } from '../system/system-clock';

/** Runs `method` under the lock. If it returns a stream, the stream keeps the lock. */
export async function lockedPromise(call: LockedCall, method: LockedTask): Promise<unknown> {
  const progress: Progress = { hasStarted: false };
  const watch = call.request === undefined ? undefined : watchCaller(call.request);
  // The stream does not go through the lock service, which refuses a task that returns one. The object that is
  // made of it here holds the lock.
  let stream: { readonly result: unknown } | undefined;
  try {
    const outcome = await call.withLock(async (lock) => {
      watch?.leaving?.throwIfAborted();
      progress.hasStarted = true;
      progress.lock = lock;
      let result: unknown;
      try {
        result = await method(lock, watch?.caller);
      } catch (error) {
        keepFor(call, lock, undefined);
        throw error;
      }
      progress.finished = { result };
      if (isStream(result)) result = await keepLockForStream(result, call, lock, watch);
      else keepFor(call, lock, { result });
      if (!isReadLater(result)) return result;
      stream = { result };
      return undefined;
    }, watch?.leaving);
    return stream === undefined ? outcome : stream.result;
  } catch (error) {
    return insteadOf(error, call, progress);
  } finally {
    // A caller may leave before it starts the stream, so it is watched on.
    if (!isStream(progress.finished?.result)) watch?.stop?.();
  }
}

interface WatchedCaller {
  readonly caller: Caller;
  /** Ends the waiting when the caller leaves. Undefined if the waiting goes on. */
  readonly leaving: AbortSignal | undefined;
  readonly stop: (() => void) | undefined;
}

function watchCaller(request: AnsweredRequest): WatchedCaller {
  const caller = new Caller();
  const stop = request.watch(() => {
    caller.leave();
  });
  return { caller, leaving: request.stopsWaiting ? caller.signal : undefined, stop };
}

type Stream = Observable<unknown> | AnyAsyncGenerator;

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && (isObservable(value) || isAsyncGenerator(value));
}

/**
 * Keeps a stream under the lock of the call that returned it, until the stream ends. It can be started once. If
 * nobody starts it, it holds the lock for the rest of the validity at most. The lock is released at once if the
 * caller has left, or has returned a generator unread, as GraphQL does for a client that left while a subscription
 * was set up.
 */
async function keepLockForStream(
  stream: Stream,
  call: LockedCall,
  lock: Lock,
  watch: WatchedCaller | undefined,
): Promise<Stream> {
  // This runs inside of the task, so it enters the lock again, and the lock outlives the task.
  const waiting = await openHold(call.reenter(lock));
  let isWaiting = true;
  const stopWaiting = () => {
    isWaiting = false;
    deadline.cancel();
    watch?.stop?.();
    waiting.end().catch(() => undefined);
  };
  // Nobody is left to start the stream.
  const giveUp = () => {
    if (!isWaiting) return;
    isWaiting = false;
    void waiting
      .run(async () => {
        if (!isObservable(stream)) await closeUnread(stream);
      })
      .finally(stopWaiting);
  };
  const hasLeft = () => watch?.caller.signal.aborted === true;
  const deadline = systemClock.schedule(lock.remainingMs, giveUp, { background: true });
  if (watch !== undefined) whenLeft(watch.caller, giveUp);

  const { request, whenLeft: whenCallerLeft, onLost } = call;
  const streaming: LockedCall = {
    reenter: (held) => call.reenter(held),
    onBusy: 'throw',
    onLost,
    whenLeft: whenCallerLeft,
    request,
    goesOn: (outcome) => call.goesOn?.(outcome),
    async withLock(task) {
      // The stream is empty: nobody hears of an error, and the gRPC server of Nest 11 fails on one then.
      if (hasLeft() && isObservable(stream)) return undefined as never;
      if (!isWaiting) throw new LockLostError({ resources: lock.resources, reason: 'released' });
      lock.assertHeld();
      const done = waiting.run(() => call.reenter(lock).withLock(task));
      stopWaiting();
      return done;
    },
  };
  return isObservable(stream)
    ? lockedObservable(streaming, () => stream)
    : lockedGenerator(streaming, () => stream, giveUp);
}

function whenLeft({ signal }: Caller, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener('abort', then, { once: true });
}
