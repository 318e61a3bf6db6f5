import { AsyncResource } from 'node:async_hooks';
import { Observable, Subject } from 'rxjs';
import type { Audience, LockEvent } from '../locking/api/lock-event.interface';

/** The events of one lock service, for those who subscribe to them. */
export class LockEvents implements Audience {
  /** Each subscriber hears the events in the async context in which it subscribed. */
  readonly events$: Observable<LockEvent>;

  /**
   * The events, each in the async context of the call that it is about, if there is one: a span finds its parent
   * there. Only subscribers of this library may use it, which start no work in that context.
   */
  readonly callerEvents$: Observable<LockEvent>;

  private readonly heard = new Subject<LockEvent>();
  private readonly traced = new Subject<LockEvent>();

  constructor() {
    this.events$ = inContextOfSubscriber(this.heard);
    this.callerEvents$ = this.traced.asObservable();
  }

  get isObserved(): boolean {
    return this.heard.observed || this.traced.observed;
  }

  /** True if somebody needs the async context of the caller. */
  get isTraced(): boolean {
    return this.traced.observed;
  }

  emit(event: LockEvent): void {
    this.traced.next(event);
    this.heard.next(event);
  }

  complete(): void {
    this.traced.complete();
    this.heard.complete();
  }
}

/**
 * Runs a subscriber in the async context in which it subscribed. In the context of the call that caused the event, its
 * code would count as a part of the task of that call.
 */
function inContextOfSubscriber<T>(source: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const context = new AsyncResource('nestjs-redlock.events');
    const within = (tell: () => void) => {
      context.runInAsyncScope(tell);
    };
    return source.subscribe({
      next: (value) => {
        within(() => {
          subscriber.next(value);
        });
      },
      error: (error: unknown) => {
        within(() => {
          subscriber.error(error);
        });
      },
      complete: () => {
        within(() => {
          subscriber.complete();
        });
      },
    });
  });
}
