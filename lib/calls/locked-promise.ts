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

/** Runs `method` under the lock. A stream that it comes to keeps the lock. */
export async function lockedPromise(call: LockedCall, method: LockedTask): Promise<unknown> {
  const progress: Progress = { hasStarted: false };
  const watch = call.request === undefined ? undefined : watchCaller(call.request);
  // Passed on beside the lock service, which refuses a task that comes to one: the lock is held by what is made of it here.
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
    // A stream is still to be started, by a caller who may leave before.
    if (!isStream(progress.finished?.result)) watch?.stop?.();
  }
}

interface WatchedCaller {
  readonly caller: Caller;
  /** Ends the waiting when the caller leaves; undefined when it does not. */
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
 * A stream that stays under the lock of the call which returned it, until it ends. It can be started once; if nobody
 * does, it holds the lock for no longer than what was left of its validity, and not at all once the caller has left, or
 * has returned a generator unread, as GraphQL does for a client that went while a subscription was set up.
 */
async function keepLockForStream(
  stream: Stream,
  call: LockedCall,
  lock: Lock,
  watch: WatchedCaller | undefined,
): Promise<Stream> {
  // Inside of the task, so that it enters again, and the lock outlives the task.
  const waiting = await openHold(call.reenter(lock));
  let isWaiting = true;
  const stopWaiting = () => {
    isWaiting = false;
    deadline.cancel();
    watch?.stop?.();
    waiting.end().catch(() => undefined);
  };
  // Nobody is left to start it.
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
      // An empty stream: nobody hears of an error, and the gRPC server of Nest 11 does not bear one then.
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
