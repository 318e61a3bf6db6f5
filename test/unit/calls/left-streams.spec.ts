import { EventEmitter } from 'node:events';
import { GrpcMethod } from '@nestjs/microservices';
import {
  asapScheduler,
  concat,
  concatMap,
  defer,
  finalize,
  from,
  lastValueFrom,
  map,
  merge,
  NEVER,
  Observable,
  of,
  Subject,
  subscribeOn,
  Subscription,
  take,
  takeUntil,
  tap,
  toArray,
  using,
  type ObservableInput,
} from 'rxjs';
import {
  bindLockService,
  CallerLeftError,
  CallerSignal,
  createLockService,
  Locked,
  LockLostError,
  LockOptionsError,
  MemoryLockNode,
  type LockService,
} from '../../../lib';
import { deferred } from '../../helpers/deferred';

describe('a locked stream whose subscriber leaves', () => {
  let locks: LockService;
  let work: ReturnType<typeof deferred<string>>;
  let source: () => ObservableInput<unknown>;
  let left: AbortSignal | undefined;

  class Streams {
    @Locked('stream', { returns: 'observable' })
    open(@CallerSignal() signal?: AbortSignal): Observable<unknown> {
      left = signal;
      return from(source());
    }
    @Locked('stream', { onLeave: 'finish' })
    finish(): Observable<unknown> {
      return from(source());
    }
    @Locked('stream')
    async *rows(@CallerSignal() signal?: AbortSignal) {
      left = signal;
      yield 'first';
      yield await work.promise;
    }
    @Locked('stream', { maxHold: 20, fencing: false, wait: 0 })
    async late(): Promise<Observable<unknown>> {
      await work.promise;
      return of('late');
    }
    @GrpcMethod()
    @Locked('stream')
    async talk(_client: EventEmitter): Promise<Observable<unknown>> {
      await work.promise;
      return of('late');
    }
  }
  let streams: Streams;

  beforeEach(() => {
    locks = createLockService({ nodes: [new MemoryLockNode()], defaults: { wait: 0 } });
    streams = bindLockService(new Streams(), locks);
    work = deferred();
    left = undefined;
  });

  afterEach(async () => {
    work.resolve('done');
    await locks.close();
  });

  const turns = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  };
  const state = async () => (await locks.inspect('stream')).state;
  /** Subscribes, lets it begin, and leaves. */
  const leave = async (stream: Observable<unknown>) => {
    const subscription = stream.subscribe();
    await turns();
    expect(await state()).toBe('held');
    subscription.unsubscribe();
    await turns();
  };

  it.each<[string, () => ObservableInput<unknown>]>([
    ['a promise', () => work.promise],
    [
      'a promise behind operators',
      () =>
        from(work.promise).pipe(
          map((text) => text),
          tap(),
        ),
    ],
    ['a promise that is asked for later', () => defer(async () => work.promise)],
    ['one step of many', () => merge(of(1), NEVER).pipe(concatMap(() => work.promise))],
    ['the second of two steps', () => concat(from(Promise.resolve(1)), from(work.promise))],
    [
      'an async generator',
      async function* () {
        yield await work.promise;
      },
    ],
    [
      'a subscriber that is asked whether it has gone',
      () =>
        new Observable((subscriber) => {
          void work.promise.then(() => {
            if (!subscriber.closed) subscriber.complete();
          });
        }),
    ],
    ['a stream under another lock', () => innerStream()],
    ['a promise with a callback for the end', () => from(work.promise).pipe(finalize(() => undefined))],
    ['a promise with a deadline', () => from(work.promise).pipe(takeUntil(NEVER))],
    ['a promise that is begun by a scheduler', () => from(work.promise).pipe(subscribeOn(asapScheduler))],
    [
      'a promise with a resource',
      () =>
        using(
          () => new Subscription(),
          () => work.promise,
        ),
    ],
    [
      'one step of many with a callback for its end',
      () =>
        of(1).pipe(
          concatMap(() => from(work.promise).pipe(finalize(() => undefined))),
          tap(),
        ),
    ],
    [
      'an async generator between two values',
      async function* () {
        yield 'first';
        yield await work.promise;
      },
    ],
    [
      'an async generator between two values, behind operators',
      () =>
        defer(async function* () {
          yield 'first';
          yield await work.promise;
        }).pipe(takeUntil(NEVER)),
    ],
  ])('keeps the lock until that is over which cannot be stopped: %s', async (_what, begin) => {
    source = begin;

    await leave(streams.open());

    expect(await state()).toBe('held');
    expect(left?.reason).toBeInstanceOf(CallerLeftError);
    work.resolve('done');
    await turns();
    expect(await state()).toBe('free');
  });

  function innerStream(): Observable<unknown> {
    class Inner {
      @Locked('inner', { returns: 'observable' })
      open() {
        return from(work.promise);
      }
    }
    return bindLockService(new Inner(), locks).open();
  }

  it('keeps the lock until a promise has failed, and tells nobody', async () => {
    source = () => work.promise;
    await leave(streams.open());
    expect(await state()).toBe('held');

    work.reject(new Error('mine'));
    await turns();

    expect(await state()).toBe('free');
  });

  it.each<[string, () => ObservableInput<unknown>]>([
    ['a Subject', () => new Subject()],
    ['one that never sends', () => NEVER],
    ['one that sends and then never again', () => concat(of(1), NEVER)],
    [
      'one that registers nothing, and has sent',
      () =>
        new Observable((subscriber) => {
          subscriber.next(1);
        }),
    ],
    ['one with a teardown', () => new Observable(() => () => undefined)],
    ['a Subject with a callback for the end', () => new Subject().pipe(finalize(() => undefined))],
    ['a Subject with a deadline', () => new Subject().pipe(takeUntil(NEVER))],
    ['a Subject that is asked for later', () => defer(() => new Subject())],
    ['one that never sends, asked for later', () => defer(() => NEVER).pipe(finalize(() => undefined))],
    [
      'one that registers its teardown by itself',
      () =>
        new Observable((subscriber) => {
          subscriber.add(() => undefined);
        }),
    ],
  ])('frees the lock at once: %s', async (_what, begin) => {
    source = begin;

    await leave(streams.open());

    expect(await state()).toBe('free');
  });

  it('lets it go on to its end where the options say so', async () => {
    const subject = new Subject<string>();
    source = () => subject;

    await leave(streams.finish());

    expect(await state()).toBe('held');
    subject.next('more');
    subject.complete();
    await turns();
    expect(await state()).toBe('free');
  });

  it.each([
    ['an array', (effect: () => void) => from([...Array(1_000).keys()]).pipe(tap(effect))],
    [
      'a generator',
      (effect: () => void) =>
        from(
          (function* () {
            for (;;) {
              effect();
              yield 1;
            }
          })(),
        ),
    ],
    [
      'an Observable that asks whether it is closed',
      (effect: () => void) =>
        new Observable((subscriber) => {
          while (!subscriber.closed) {
            effect();
            subscriber.next(1);
          }
        }),
    ],
  ])('in its first value stops a source that sends at once: %s', async (_what, begin) => {
    const effect = jest.fn();
    source = () => begin(effect);

    await lastValueFrom(streams.open().pipe(take(1)));

    expect(effect).toHaveBeenCalledTimes(1);
    await turns();
    expect(await state()).toBe('free');
  });

  it('stops a source that sends at once by whatever ends the subscription', async () => {
    const stop = new Subject<void>();
    const effect = jest.fn((value: number) => {
      if (value === 3) stop.next();
    });
    source = () => from([...Array(1_000).keys()]).pipe(tap(effect));

    await lastValueFrom(streams.open().pipe(takeUntil(stop)));

    expect(effect).toHaveBeenCalledTimes(4);
  });

  it('ends a teardown that throws with the lock released', async () => {
    source = () =>
      new Observable(() => () => {
        throw new Error('mine');
      });

    await leave(streams.open());

    expect(await state()).toBe('free');
  });

  it('tells a generator that is returned in the middle of a step, and waits for that', async () => {
    const rows = streams.rows();
    await rows.next();
    const second = rows.next();

    const returned = rows.return(undefined);
    await turns();

    expect(left?.aborted).toBe(true);
    expect(await state()).toBe('held');
    work.resolve('done');
    await Promise.all([second, returned]);
    expect(await state()).toBe('free');
  });

  it('never asks for a lock again that was lost before its stream was there', async () => {
    jest.useFakeTimers();
    const stream = streams.late();
    await jest.advanceTimersByTimeAsync(40);
    jest.useRealTimers();
    const events: string[] = [];
    locks.events$.subscribe(({ type }) => events.push(type));

    work.resolve('done');

    await expect(stream).rejects.toThrow(LockLostError);
    expect(events).not.toContain('acquired');
  });

  it('is empty, and not an error, for a client of gRPC that has gone before it was begun', async () => {
    const client = Object.assign(new EventEmitter(), { cancelled: false, sendMetadata: () => undefined });
    const setUp = streams.talk(client);
    await turns();
    client.emit('cancelled');
    work.resolve('done');
    const values = await lastValueFrom((await setUp).pipe(toArray()));
    await turns();

    expect(values).toEqual([]);
    expect(await state()).toBe('free');
  });

  it('refuses other words for what becomes of it', () => {
    expect(() => Locked('stream', { onLeave: 'cut' as 'stop' })).toThrow(LockOptionsError);
    expect(() => Locked('stream', { callerMayLeave: 1 as unknown as boolean })).toThrow(LockOptionsError);
  });
});
