import { types } from 'node:util';
import { isObservable, Observable } from 'rxjs';
import { CallerLeftError } from '../errors/caller-left.error';
import { isSubscription } from './handler-kind';
import { closeUnread, isAsyncGenerator, type AnyAsyncGenerator } from './locked-generator';
import { PipedWork, type WhenLeft } from './piped-work';

/**
 * The work of a handler, whatever happens to its result on the way to the caller. An interceptor between the
 * handler and its lock may have stopped listening, as `timeout`, `takeUntil`, `race` and `take(1)` do.
 */
export class HandlerWork {
  /** The work that goes on, and a function that ends it if it waits for a reader. */
  private readonly pending = new Map<Promise<unknown>, (() => void) | undefined>();
  private isOver = false;
  private hasFailed = false;
  private hasRun = false;
  /** Only subscriptions are followed by their iterator: other handlers may return an iterator that nobody reads. */
  private readonly isSubscription: boolean;

  /** @param outer the work of an interceptor further out, which waits for this one too */
  constructor(
    private readonly handler: object | undefined,
    private readonly whenLeft: WhenLeft,
    private readonly outer: HandlerWork | undefined,
  ) {
    this.isSubscription = handler !== undefined && isSubscription(handler);
  }

  /** The end of the work. Undefined if there is nothing to wait for. */
  get over(): Promise<unknown> | undefined {
    if (this.pending.size > 0) return this.waitForAll();
    this.isOver = true;
    return undefined;
  }

  /**
   * Notes that nobody gets the result of the handler. So nobody will read an iterator that it returned, or returns
   * later.
   */
  fail(): void {
    this.hasFailed = true;
    for (const close of this.pending.values()) close?.();
  }

  /**
   * Calls a handler, follows its work, and returns a result that stands for its own.
   *
   * @throws CallerLeftError if the lock was released before the handler began, since its pipes took too long
   */
  run(handler: object, call: () => unknown): unknown {
    if (this.isOver) {
      if (handler === this.handler && !this.hasRun) throw new CallerLeftError();
      return call();
    }
    this.hasRun = true;
    return this.follow(call());
  }

  private follow(result: unknown): unknown {
    if (!isThenable(result)) return this.followStream(result);
    // A thenable that is no promise may begin its work when `then` is called. So that is called once.
    const settled = types.isPromise(result) ? result : Promise.resolve(result);
    this.add(settled);
    return settled.then((value) => this.followStream(value));
  }

  private followStream(value: unknown): unknown {
    if (isObservable(value)) return this.followObservable(value);
    return this.isSubscription && isAsyncGenerator(value) ? this.followIterator(value) : value;
  }

  /** Follows the iterator of a GraphQL subscription, which Nest reads and returns when the client leaves. */
  private followIterator(source: AnyAsyncGenerator): AnyAsyncGenerator {
    let end!: () => void;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.add(over, () => {
      closeUnread(source).then(end, end);
    });
    const endAfter = async (step: Promise<IteratorResult<unknown>>, isLast: boolean) => {
      try {
        const result = await step;
        if (isLast || result.done === true) end();
        return result;
      } catch (error) {
        end();
        throw error;
      }
    };
    return new Proxy(source, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name === Symbol.asyncIterator) return () => receiver as AnyAsyncGenerator;
        const call = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
        if (name !== 'next' && name !== 'return' && name !== 'throw') return call;
        return (...args: unknown[]) =>
          endAfter(Promise.resolve(call(...args) as Promise<IteratorResult<unknown>>), name !== 'next');
      },
    });
  }

  /**
   * Follows an Observable. Its reader gets the same values. When the reader leaves, the work ends or goes on as
   * `whenLeft` says.
   */
  private followObservable(source: Observable<unknown>): Observable<unknown> {
    return new Observable((subscriber) => {
      const work = new PipedWork(this.whenLeft, (value) => {
        subscriber.next(value);
      });
      work.over.then(
        () => {
          subscriber.complete();
        },
        (error: unknown) => {
          subscriber.error(error);
        },
      );
      work.start(source);
      this.add(work.over);
      return () => {
        work.leave();
      };
    });
  }

  private add(work: Promise<unknown>, close?: () => void): void {
    const forget = () => {
      this.pending.delete(work);
    };
    this.pending.set(work, close);
    work.then(forget, forget);
    if (this.outer?.isOver === false) this.outer.add(work, close);
    if (this.hasFailed) close?.();
  }

  /** The loop ends with the work of the handler, which may begin more until then. */
  private async waitForAll(): Promise<void> {
    while (this.pending.size > 0) await Promise.allSettled(this.pending.keys());
    this.isOver = true;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}
