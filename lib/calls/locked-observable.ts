import { from, isObservable, Observable, type ObservableInput, type Subscriber } from 'rxjs';
import { Caller } from './caller';
import { leavesBehind } from './cut-off';
import {
  insteadOf,
  keepFor,
  NO_RESULT,
  type LockedCall,
  type LockedTask,
  type Progress,
} from './locked-call';
import { PipedWork } from './piped-work';
import type { Lock } from '../locking/api/lock.interface';

/**
 * Makes an Observable that takes a lock for each subscription, runs `source` under it, and releases it when the
 * work is over. A subscriber that leaves while it waits for the lock stops waiting.
 */
export function lockedObservable(
  call: LockedCall,
  source: LockedTask<ObservableInput<unknown>>,
): Observable<unknown> {
  return new Observable((subscriber) => {
    const subscription = new LockedSubscription(call, source, subscriber);
    subscription.start();
    return leavesBehind(
      () => {
        subscription.leave();
      },
      () => subscription.done,
    );
  });
}

/** One subscription, from the first attempt at the lock to the end of the work under it. */
class LockedSubscription {
  /** Settles when the work is over. */
  done: Promise<void> | undefined;
  private readonly caller = new Caller();
  private readonly leaving = new AbortController();
  private work: PipedWork | undefined;
  private stopWatching: (() => void) | undefined;
  private hasParted = false;
  /** True if the subscriber has heard the end. If it unsubscribes after that, it does not leave early. */
  private isAnswered = false;

  constructor(
    private readonly call: LockedCall,
    private readonly source: LockedTask<ObservableInput<unknown>>,
    private readonly subscriber: Subscriber<unknown>,
  ) {}

  start(): void {
    const { request } = this.call;
    this.stopWatching = request?.watch(() => {
      if (request.isStoppedByNest !== true) this.part(request.stopsWaiting);
      // The client left before Nest began to read. So Nest does not stop the work any more.
      else if (this.done === undefined) this.part(request.stopsWaiting);
      // One answer may be all that the client wants. Then it leaves after that, and has not left early.
      else if (this.work?.hasSent !== true) this.tell(request.stopsWaiting);
    });
    this.done = this.run().then(
      () => {
        this.answer();
      },
      (error: unknown) => {
        this.answer({ error });
      },
    );
  }

  /** The subscriber has left, or has heard the end. */
  leave(): void {
    if (!this.isAnswered) this.part(true);
  }

  private part(stopsWaiting: boolean): void {
    this.hasParted = true;
    this.tell(stopsWaiting);
    this.work?.leave();
  }

  /** Only the handler and a waiting call hear of it. */
  private tell(stopsWaiting: boolean): void {
    const reason = this.caller.leave();
    if (stopsWaiting) this.leaving.abort(reason);
  }

  private async run(): Promise<void> {
    const { call, leaving } = this;
    const progress: Progress = { hasStarted: false };
    try {
      await call.withLock(async (lock) => {
        leaving.signal.throwIfAborted();
        progress.hasStarted = true;
        progress.lock = lock;
        await this.runUnder(lock);
        progress.finished = { result: NO_RESULT };
      }, leaving.signal);
    } catch (error) {
      const instead = await insteadOf(error, call, progress, NO_RESULT);
      if (isObservable(instead)) await this.pipe(() => instead);
      else if (instead !== NO_RESULT) this.subscriber.next(instead);
    }
  }

  private async runUnder(lock: Lock): Promise<void> {
    const { call, source, caller } = this;
    // A value that is sent after the loss may contradict the work of the next holder.
    const lost = call.onLost === 'ignore' ? undefined : lock.signal;
    try {
      const result = await this.pipe(() => from(source(lock, caller)), lost);
      keepFor(call, lock, { result });
    } catch (error) {
      keepFor(call, lock, undefined);
      throw error;
    }
  }

  /**
   * Passes the values on. Resolves to the last value when the source has ended, was stopped because nobody
   * listens, or the lock is lost.
   */
  private async pipe(source: () => Observable<unknown>, lost?: AbortSignal): Promise<unknown> {
    lost?.throwIfAborted();
    const work = new PipedWork(this.call.whenLeft, (value) => {
      if (lost?.aborted !== true) this.subscriber.next(value);
    });
    const onLost = () => {
      work.abort(lost?.reason);
    };
    this.work = work;
    lost?.addEventListener('abort', onLost);
    try {
      work.start(source());
      if (this.hasParted) work.leave();
      await work.over;
      return work.last;
    } finally {
      // The signal may live longer, since the lock may have been entered again.
      lost?.removeEventListener('abort', onLost);
    }
  }

  private answer(failure?: { readonly error: unknown }): void {
    this.isAnswered = true;
    this.stopWatching?.();
    if (failure === undefined) this.subscriber.complete();
    else this.subscriber.error(failure.error);
  }
}
