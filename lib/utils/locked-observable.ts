import {
  from,
  isObservable,
  Observable,
  type ObservableInput,
  type Subscriber,
  type Subscription,
} from 'rxjs';
import { insteadOf, NO_RESULT, type LockedCall, type LockedTask, type Progress } from './locked-call';

/**
 * An Observable that takes the lock when somebody subscribes, each subscription its own, runs `source` under it, and
 * gives it back when that ends or nobody listens any more. Who leaves while waiting for the lock stops waiting.
 */
export function lockedObservable(
  call: LockedCall,
  source: LockedTask<ObservableInput<unknown>>,
): Observable<unknown> {
  return new Observable((subscriber) => {
    const leaving = new AbortController();
    subscribeUnderLock(call, source, subscriber, leaving.signal).then(
      () => {
        subscriber.complete();
      },
      (error: unknown) => {
        subscriber.error(error);
      },
    );
    return () => {
      leaving.abort();
    };
  });
}

async function subscribeUnderLock(
  call: LockedCall,
  source: LockedTask<ObservableInput<unknown>>,
  subscriber: Subscriber<unknown>,
  left: AbortSignal,
): Promise<void> {
  const progress: Progress = { hasStarted: false };
  try {
    await call.withLock(async (lock) => {
      progress.hasStarted = true;
      progress.lock = lock;
      if (left.aborted) return;
      // What is sent after the loss may contradict what the next holder does.
      const lost = call.onLost === 'ignore' ? undefined : lock.signal;
      await pipe(from(source(lock)), subscriber, left, lost);
      progress.finished = { result: NO_RESULT };
    }, left);
  } catch (error) {
    const instead = await insteadOf(error, call, progress, NO_RESULT);
    if (isObservable(instead)) await pipe(instead, subscriber, left);
    else if (instead !== NO_RESULT) subscriber.next(instead);
  }
}

/** Ends when the source has ended, nobody listens to it any more, or the lock is lost. */
export async function pipe(
  source: Observable<unknown>,
  subscriber: Subscriber<unknown>,
  left: AbortSignal,
  lost?: AbortSignal,
): Promise<void> {
  let subscription: Subscription | undefined;
  let onLost: (() => void) | undefined;
  lost?.throwIfAborted();
  try {
    await new Promise<void>((resolve, reject) => {
      left.addEventListener('abort', () => {
        resolve();
      });
      onLost = () => {
        reject(lost?.reason as Error);
      };
      lost?.addEventListener('abort', onLost);
      subscription = source.subscribe({
        next: (value) => {
          if (lost?.aborted !== true) subscriber.next(value);
        },
        error: reject,
        complete: resolve,
      });
    });
  } finally {
    subscription?.unsubscribe();
    // The signal may live on: of a lock that was entered again.
    if (onLost !== undefined) lost?.removeEventListener('abort', onLost);
  }
}
