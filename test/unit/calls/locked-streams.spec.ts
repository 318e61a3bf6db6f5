import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  concat,
  EMPTY,
  firstValueFrom,
  from,
  lastValueFrom,
  NEVER,
  of,
  Subject,
  toArray,
  Observable,
} from 'rxjs';
import {
  bindLockService,
  createLockService,
  Locked,
  LockBusyError,
  LockLostError,
  LockNotBoundError,
  MemoryLockNode,
  type Lock,
  type LockService,
} from '../../../lib';
import { deferred } from '../../helpers/deferred';

describe('@Locked on a stream', () => {
  let locks: LockService;

  beforeEach(() => {
    locks = createLockService({ nodes: [new MemoryLockNode()], defaults: { wait: 0 } });
  });

  afterEach(async () => {
    await locks.close();
  });

  const stateOf = async (resource: string) => (await locks.inspect(resource)).state;
  const whenFree = async (resource: string) => {
    await (await locks.acquire(resource, { wait: 5_000 })).release();
  };
  /** As if an operator took it away. */
  const lose = async (lock: Lock) => {
    await Promise.all(lock.resources.map((resource) => locks.forceRelease(resource)));
    await lock.extend().catch(() => undefined);
  };

  describe('that is an Observable', () => {
    let source: Subject<string>;
    let started: ReturnType<typeof deferred<Lock>>;
    let calls = 0;

    class Prices {
      @Locked('price:<0>')
      watch(_id: string): Observable<string> {
        calls += 1;
        started.resolve(locks.current() as Lock);
        return source;
      }
    }
    let prices: Prices;

    beforeEach(() => {
      calls = 0;
      source = new Subject();
      started = deferred();
      prices = bindLockService(new Prices(), locks);
    });

    it('gives an Observable at once, which holds nothing until somebody subscribes', async () => {
      const stream = prices.watch('7');

      expect(typeof stream.pipe).toBe('function');
      await new Promise(setImmediate);
      expect(calls).toBe(0);
      expect(await stateOf('price:7')).toBe('free');
    });

    it('holds the lock from the subscription to the end', async () => {
      const values = lastValueFrom(prices.watch('7').pipe(toArray()));
      await started.promise;

      source.next('a');
      expect(await stateOf('price:7')).toBe('held');
      source.next('b');
      source.complete();

      await expect(values).resolves.toEqual(['a', 'b']);
      expect(await stateOf('price:7')).toBe('free');
    });

    it('gives the lock back when it fails, and passes the error as it is', async () => {
      const error = new Error('mine');
      const values = lastValueFrom(prices.watch('7'));
      await started.promise;

      source.error(error);

      await expect(values).rejects.toBe(error);
      expect(await stateOf('price:7')).toBe('free');
    });

    it('gives the lock back when its subscriber leaves', async () => {
      const subscription = prices.watch('7').subscribe();
      await started.promise;

      subscription.unsubscribe();

      await whenFree('price:7');
      expect(source.observed).toBe(false);
    });

    it('takes a lock for each subscription', async () => {
      const stream = prices.watch('7');
      const first = stream.subscribe();
      await started.promise;

      await expect(firstValueFrom(stream)).rejects.toThrow(LockBusyError);

      first.unsubscribe();
      await whenFree('price:7');
      started = deferred();
      const second = firstValueFrom(stream);
      await started.promise;
      source.next('b');
      await expect(second).resolves.toBe('b');
      expect(calls).toBe(2);
    });

    it('stops waiting when its subscriber leaves', async () => {
      class Patient {
        @Locked('price', { wait: Infinity })
        watch(): Observable<never> {
          calls += 1;
          return NEVER;
        }
      }
      const lock = await locks.acquire('price');
      const subscription = bindLockService(new Patient(), locks).watch().subscribe();

      subscription.unsubscribe();
      await lock.release();
      await whenFree('price');

      expect(calls).toBe(0);
    });

    it('fails with LockLostError as soon as the lock is lost, though the source is silent', async () => {
      const values = lastValueFrom(prices.watch('7'));
      const lock = await started.promise;

      void lose(lock);

      await expect(values).rejects.toThrow(LockLostError);
      expect(source.observed).toBe(false);
    });

    it('passes nothing on that its source sends after the loss', async () => {
      const seen: string[] = [];
      const failure = new Promise((resolve) =>
        prices.watch('7').subscribe({ next: (value) => seen.push(value), error: resolve }),
      );
      const lock = await started.promise;
      lock.signal.addEventListener('abort', () => {
        source.next('late');
      });
      source.next('early');

      await lose(lock);

      expect(await failure).toBeInstanceOf(LockLostError);
      expect(seen).toEqual(['early']);
    });

    it('does not begin for a subscriber that has left, at whatever moment that was', async () => {
      for (let turns = 0; turns < 60; turns++) {
        calls = 0;
        const subscription = prices.watch('7').subscribe();
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        const begun = calls;

        subscription.unsubscribe();
        await whenFree('price:7');

        expect({ turns, calls }).toEqual({ turns, calls: begun });
      }
      expect(calls).toBe(1);
    });

    it('leaves nothing behind on the signal of a lock that it has entered again', async () => {
      await locks.withLock('price:7', async ({ signal }) => {
        const before = getEventListeners(signal, 'abort').length;
        const values = lastValueFrom(prices.watch('7').pipe(toArray()));
        await started.promise;
        expect(getEventListeners(signal, 'abort').length).toBeGreaterThan(before);

        source.complete();
        await values;

        expect(getEventListeners(signal, 'abort')).toHaveLength(before);
      });
    });

    it('fails at the subscription, and not before, on an object without a lock service', async () => {
      const stream = new Prices().watch('7');

      await expect(lastValueFrom(stream)).rejects.toThrow(LockNotBoundError);
    });

    it('goes on to its end after the loss where onLost is ignore', async () => {
      class Careless {
        @Locked('price', { onLost: 'ignore' })
        watch(): Observable<string> {
          started.resolve(locks.current() as Lock);
          return source;
        }
      }
      const values = lastValueFrom(bindLockService(new Careless(), locks).watch().pipe(toArray()));
      await lose(await started.promise);

      source.next('after');
      source.complete();

      await expect(values).resolves.toEqual(['after']);
    });

    it.each([
      ['a stream', of('x', 'y'), ['a', 'x', 'y']],
      ['a value', 'x', ['a', 'x']],
      ['a promise of a stream', Promise.resolve(of('x')), ['a', 'x']],
    ])('goes on after the loss with what onLost returns: %s', async (_what, instead, expected) => {
      const onLost = jest.fn((_error: LockLostError, _id: string) => instead);
      class Careful {
        @Locked('price', { onLost })
        watch(_id: string): Observable<string> {
          started.resolve(locks.current() as Lock);
          return source;
        }
      }
      const values = lastValueFrom(bindLockService(new Careful(), locks).watch('7').pipe(toArray()));
      const lock = await started.promise;
      source.next('a');
      await lose(lock);

      await expect(values).resolves.toEqual(expected);
      expect(onLost).toHaveBeenCalledWith(expect.any(LockLostError), '7');
    });

    it.each<[string, 'skip' | (() => Observable<string> | string), string[]]>([
      ["'skip'", 'skip', []],
      ['a stream', () => of('x', 'y'), ['x', 'y']],
      ['a value', () => 'x', ['x']],
    ])(
      'is what onBusy makes of it while somebody else holds the lock: %s',
      async (_what, onBusy, expected) => {
        class Busy {
          @Locked('price', { onBusy })
          watch(): Observable<string> {
            calls += 1;
            return source;
          }
        }
        await using _lock = await locks.acquire('price');

        const values = lastValueFrom(bindLockService(new Busy(), locks).watch().pipe(toArray()));

        await expect(values).resolves.toEqual(expected);
        expect(calls).toBe(0);
      },
    );

    it('does not hide a busy lock that its source runs into', async () => {
      const busy = new LockBusyError({ resources: ['other'], waitedMs: 0 });
      class Inner {
        @Locked('price', { onBusy: 'skip' })
        watch(): Observable<string> {
          return concat(EMPTY, from(Promise.reject(busy)));
        }
      }

      await expect(lastValueFrom(bindLockService(new Inner(), locks).watch())).rejects.toBe(busy);
    });

    it('enters again from within the same stream', async () => {
      class Nested extends Prices {
        @Locked('price:<0>')
        override watch(id: string): Observable<string> {
          return super.watch(id);
        }
      }
      const values = lastValueFrom(bindLockService(new Nested(), locks).watch('7').pipe(toArray()));
      await started.promise;
      source.next('a');
      source.complete();

      await expect(values).resolves.toEqual(['a']);
      expect(await stateOf('price:7')).toBe('free');
    });
  });

  describe('that is an async generator', () => {
    let finished: jest.Mock;
    let lockOf: Lock | undefined;

    class Rows {
      readonly prefix = 'row';
      @Locked('table:<0>')
      async *read(_table: string, count: number): AsyncGenerator<string, string, string | undefined> {
        let answer: string | undefined;
        try {
          for (let row = 1; row <= count; row++) {
            lockOf = locks.current();
            answer = yield `${this.prefix} ${row}${answer ?? ''}`;
            await Promise.resolve();
          }
          return 'end';
        } finally {
          finished(locks.current()?.resources);
        }
      }
    }
    let rows: Rows;

    beforeEach(() => {
      finished = jest.fn();
      lockOf = undefined;
      rows = bindLockService(new Rows(), locks);
    });

    it('holds nothing before the first next(), and the lock until it ends', async () => {
      const reading = rows.read('a', 2);
      expect(typeof reading[Symbol.asyncIterator]).toBe('function');
      await new Promise(setImmediate);
      expect(await stateOf('table:a')).toBe('free');

      await expect(reading.next()).resolves.toEqual({ done: false, value: 'row 1' });
      expect(await stateOf('table:a')).toBe('held');
      await expect(reading.next('!')).resolves.toEqual({ done: false, value: 'row 2!' });
      await expect(reading.next()).resolves.toEqual({ done: true, value: 'end' });

      expect(await stateOf('table:a')).toBe('free');
    });

    it('runs under the lock wherever it is pulled from', async () => {
      const reading = rows.read('a', 2);
      await reading.next();
      await reading.next();
      await reading.next();

      expect(finished).toHaveBeenCalledWith(['table:a']);
    });

    it('gives the lock back when its consumer breaks off', async () => {
      for await (const row of rows.read('a', 9)) {
        if (row === 'row 2') break;
      }

      expect(await stateOf('table:a')).toBe('free');
      expect(finished).toHaveBeenCalledTimes(1);
    });

    it('gives the lock back when it throws, and passes the error as it is', async () => {
      const error = new Error('mine');
      const reading = rows.read('a', 9);
      await reading.next();

      await expect(reading.throw(error)).rejects.toBe(error);

      expect(await stateOf('table:a')).toBe('free');
      await expect(reading.next()).resolves.toEqual({ done: true, value: undefined });
    });

    it('does not run, and holds nothing, when it is returned before it began', async () => {
      const reading = rows.read('a', 9);

      await expect(reading.return('early')).resolves.toEqual({ done: true, value: 'early' });
      await expect(reading.next()).resolves.toEqual({ done: true, value: undefined });
      expect(finished).not.toHaveBeenCalled();
      expect(await stateOf('table:a')).toBe('free');
    });

    describe('that waits for the lock', () => {
      class Patient {
        @Locked('table', { wait: Infinity })
        async *read() {
          yield await Promise.resolve(1);
        }
      }
      const startToWait = () => {
        const reading = bindLockService(new Patient(), locks).read();
        return { reading, first: reading.next() };
      };

      it('stops waiting when it is returned', async () => {
        await using _lock = await locks.acquire('table');
        const { reading, first } = startToWait();

        await reading.return(undefined);

        await expect(first).resolves.toEqual({ done: true, value: undefined });
      });

      it('stops waiting when an error is thrown into it', async () => {
        await using _lock = await locks.acquire('table');
        const { reading, first } = startToWait();
        const error = new Error('mine');

        await expect(reading.throw(error)).rejects.toBe(error);

        await expect(first).resolves.toEqual({ done: true, value: undefined });
      });
    });

    it('leaves nothing behind on the signal of a lock that it has entered again', async () => {
      await locks.withLock('table:a', async ({ signal }) => {
        const before = getEventListeners(signal, 'abort').length;

        for await (const _row of rows.read('a', 2)) {
          expect(getEventListeners(signal, 'abort').length).toBeGreaterThan(before);
        }

        expect(getEventListeners(signal, 'abort')).toHaveLength(before);
      });
    });

    it('fails a pull that waits as soon as the lock is lost, and lets the generator finish', async () => {
      const gate = deferred();
      class Slow {
        @Locked('table')
        async *read() {
          try {
            lockOf = locks.current();
            yield 1;
            await gate.promise;
            yield 2;
          } finally {
            finished();
          }
        }
      }
      const reading = bindLockService(new Slow(), locks).read();
      await reading.next();
      const second = reading.next();

      await lose(lockOf as Lock);

      await expect(second).rejects.toThrow(LockLostError);
      expect(finished).not.toHaveBeenCalled();
      gate.resolve();
      await new Promise(setImmediate);
      expect(finished).toHaveBeenCalledTimes(1);
    });

    it('lets a generator that nobody pulls finish when the lock is lost, and fails the next pull', async () => {
      const reading = rows.read('a', 9);
      await reading.next();

      await lose(lockOf as Lock);

      expect(finished).toHaveBeenCalledTimes(1);
      await expect(reading.next()).rejects.toThrow(LockLostError);
      await expect(reading.next()).resolves.toEqual({ done: true, value: undefined });
    });

    it('gives the lock back when the generator is forgotten and collected', async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      await (async () => {
        await rows.read('a', 9).next();
      })();
      expect(await stateOf('table:a')).toBe('held');

      for (let turn = 0; turn < 100 && (await stateOf('table:a')) === 'held'; turn++) {
        lockOf = undefined;
        collect();
        await new Promise(setImmediate);
      }

      expect(await stateOf('table:a')).toBe('free');
      expect(finished).toHaveBeenCalledTimes(1);
    });

    it('goes on after the loss with what onLost returns, and to its end where it is ignored', async () => {
      class Careful {
        @Locked('a', {
          onLost: async function* () {
            yield await Promise.resolve('instead');
          },
        })
        async *replaced() {
          lockOf = locks.current();
          yield await Promise.resolve('first');
          yield 'second';
        }
        @Locked('b', { onLost: 'ignore' })
        async *ignored() {
          lockOf = locks.current();
          yield await Promise.resolve('first');
          yield 'second';
          return 'end';
        }
      }
      const careful = bindLockService(new Careful(), locks);
      const readAndLose = async (reading: AsyncGenerator<string>) => {
        const seen: string[] = [];
        for await (const row of reading) {
          seen.push(row);
          if (row === 'first') await lose(lockOf as Lock);
        }
        return seen;
      };

      await expect(readAndLose(careful.replaced())).resolves.toEqual(['first', 'instead']);
      await expect(readAndLose(careful.ignored())).resolves.toEqual(['first', 'second']);

      const reading = careful.ignored();
      await reading.next();
      await lose(lockOf as Lock);
      await reading.next();
      await expect(reading.next()).resolves.toEqual({ done: true, value: 'end' });
    });

    it('throws, is empty or is what onBusy returns while somebody else holds the lock', async () => {
      class Busy {
        @Locked('table')
        async *throws() {
          yield await Promise.resolve(1);
        }
        @Locked('table', { onBusy: 'skip' })
        async *skips() {
          yield await Promise.resolve(1);
        }
        @Locked('table', {
          onBusy: async function* (count: number) {
            yield await Promise.resolve(-count);
          },
        })
        async *falls(_count: number) {
          yield await Promise.resolve(1);
        }
      }
      const busy = bindLockService(new Busy(), locks);
      await using _lock = await locks.acquire('table');

      await expect(busy.throws().next()).rejects.toThrow(LockBusyError);
      await expect(busy.skips().next()).resolves.toEqual({ done: true, value: undefined });
      await expect(busy.falls(5).next()).resolves.toEqual({ done: false, value: -5 });
    });
  });

  describe('that a promise resolves to', () => {
    let source: Subject<string>;
    let lateLock: Lock | undefined;
    class Late {
      @Locked('late', { ttl: 600 })
      async observable(): Promise<Observable<string>> {
        lateLock = locks.current();
        return Promise.resolve(source);
      }
      @Locked('late')
      // The return type is not written down.
      inferred() {
        return source.asObservable();
      }
      @Locked('late')
      async generator() {
        return Promise.resolve(this.rows());
      }
      @Locked('late', { ttl: 600 })
      async iterator() {
        return Promise.resolve(listening);
      }
      private async *rows() {
        yield await Promise.resolve(1);
        yield 2;
      }
    }
    /** None of a generator: it has subscribed to something already. */
    const listening: AsyncGenerator = {
      next: () => new Promise(() => undefined),
      return: async () => {
        await close();
        return { done: true, value: undefined };
      },
      throw: () => Promise.reject(new Error('not used')),
      [Symbol.asyncIterator]: () => listening,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const close = jest.fn<Promise<void>, []>();
    let late: Late;

    beforeEach(() => {
      source = new Subject();
      close.mockReset();
      late = bindLockService(new Late(), locks);
    });

    it('keeps the lock until an Observable has ended', async () => {
      const stream = await late.observable();
      expect(await stateOf('late')).toBe('held');

      const values = lastValueFrom(stream.pipe(toArray()));
      await new Promise(setImmediate);
      source.next('a');
      expect(await stateOf('late')).toBe('held');
      source.complete();

      await expect(values).resolves.toEqual(['a']);
      expect(await stateOf('late')).toBe('free');
      await expect(lastValueFrom(stream)).rejects.toThrow(LockLostError);
    });

    it('can be started once, also while it runs', async () => {
      const stream = await late.observable();
      const values = lastValueFrom(stream.pipe(toArray()));
      await new Promise(setImmediate);

      await expect(firstValueFrom(stream)).rejects.toThrow(LockLostError);

      source.next('a');
      source.complete();
      await expect(values).resolves.toEqual(['a']);
    });

    it('does not begin when the lock was lost before, under no other lock either', async () => {
      const stream = await late.observable();
      await locks.forceRelease('late');
      await lateLock?.extend().catch(() => undefined);

      await expect(firstValueFrom(stream)).rejects.toThrow(LockLostError);

      expect(source.observed).toBe(false);
      expect(await stateOf('late')).toBe('free');
    });

    it('keeps the lock until a generator has ended', async () => {
      const seen: unknown[] = [];
      for await (const row of await late.generator()) seen.push([row, await stateOf('late')]);

      expect(seen).toEqual([
        [1, 'held'],
        [2, 'held'],
      ]);
      expect(await stateOf('late')).toBe('free');
    });

    it('gives the lock back when nobody starts it while the lock would be valid', async () => {
      jest.useFakeTimers();
      try {
        const stream = await late.observable();

        await jest.advanceTimersByTimeAsync(700);

        expect(await stateOf('late')).toBe('free');
        await expect(lastValueFrom(stream)).rejects.toThrow(LockLostError);
      } finally {
        jest.useRealTimers();
      }
    });

    it.each(['return', 'throw'] as const)('gives the lock back at a %s before it began', async (how) => {
      const unread = await late.generator();

      const left = unread[how](new Error('mine'));

      await (how === 'throw' ? expect(left).rejects.toThrow('mine') : left);
      await whenFree('late');
      await expect(unread.next()).resolves.toEqual({ done: true, value: undefined });
    });

    it.each(['succeeds', 'fails'])(
      'closes an iterator that is returned unread, and gives the lock back when that %s',
      async (how) => {
        const closed = deferred();
        close.mockReturnValue(closed.promise);
        const unread = await late.iterator();

        await unread.return(undefined);
        await new Promise(setImmediate);
        expect(close).toHaveBeenCalledTimes(1);
        expect(await stateOf('late')).toBe('held');
        if (how === 'succeeds') closed.resolve();
        else closed.reject(new Error('nobody hears of it'));

        await whenFree('late');
      },
    );

    it('closes an iterator that nobody reads while the lock would be valid', async () => {
      jest.useFakeTimers();
      try {
        close.mockResolvedValue(undefined);
        const unread = await late.iterator();

        await jest.advanceTimersByTimeAsync(700);

        expect(close).toHaveBeenCalledTimes(1);
        expect(await stateOf('late')).toBe('free');
        await expect(unread.next()).rejects.toThrow(LockLostError);
      } finally {
        jest.useRealTimers();
      }
    });

    it('is what a method comes to whose return type cannot be seen', async () => {
      const stream = await (late.inferred() as unknown as Promise<Observable<string>>);

      stream.subscribe().unsubscribe();
      await whenFree('late');
    });
  });

  it('is told by `returns` where it cannot be seen', async () => {
    class Told {
      @Locked('told', { returns: 'observable' })
      observable() {
        return of(locks.current()?.resources);
      }
      @Locked('told', { returns: 'async-generator' })
      generator() {
        return this.rows();
      }
      private async *rows() {
        yield await Promise.resolve(locks.current()?.resources);
      }
    }
    const told = bindLockService(new Told(), locks);

    await expect(lastValueFrom(told.observable())).resolves.toEqual(['told']);
    const reading = told.generator();
    await expect(reading.next()).resolves.toEqual({ done: false, value: ['told'] });
    await reading.return(undefined);
    expect(await stateOf('told')).toBe('free');
  });
});
