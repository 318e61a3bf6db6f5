import { EventEmitter } from 'node:events';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { Controller, Get, UseInterceptors, type CallHandler, type ExecutionContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  firstValueFrom,
  from,
  lastValueFrom,
  NEVER,
  of,
  Subject,
  throwError,
  toArray,
  type Observable,
} from 'rxjs';
import request from 'supertest';
import {
  CallerLeftError,
  createLockService,
  getLockServiceToken,
  LockBusyError,
  LockInterceptor,
  LockKeyError,
  LockLostError,
  LockOptionsError,
  LockService,
  LockUnavailableError,
  MemoryLockNode,
  type ContextLockKey,
  type LockInterceptorOptions,
} from '../../../lib';
import { LockTester, RedlockTestingModule } from '../../../lib/testing';
import { deferred } from '../../helpers/deferred';
import { loseLock } from '../../helpers/lose-lock';

const context = new ExecutionContextHost([{ params: { id: '7' } }]);

describe('LockInterceptor', () => {
  let locks: LockService;

  beforeEach(() => {
    locks = createLockService({ nodes: [new MemoryLockNode()], defaults: { wait: 0 } });
  });

  afterEach(async () => {
    await locks.close();
  });

  const around = (
    handle: CallHandler['handle'],
    options?: LockInterceptorOptions,
    key: ContextLockKey = 'order:<params.id>',
  ): Observable<unknown> => {
    const interceptor = new (LockInterceptor(key, options))(locks);
    return interceptor.intercept(context, { handle }) as Observable<unknown>;
  };

  /** Nest tells of a cancel that comes while it reads, and of no other. */
  describe('for a client of gRPC that cancelled before it was asked', () => {
    const answer = (handle: CallHandler['handle'], options?: LockInterceptorOptions) => {
      const call = Object.assign(new EventEmitter(), { cancelled: true, sendMetadata: jest.fn() });
      const late = new ExecutionContextHost([{ id: '7' }, {}, call]);
      late.setType('rpc');
      const interceptor = new (LockInterceptor('order:7', options))(locks);
      return lastValueFrom(interceptor.intercept(late, { handle }) as Observable<unknown>, {
        defaultValue: 'stopped',
      });
    };

    it('does not begin', async () => {
      const handle = jest.fn(() => NEVER);

      await expect(answer(handle)).rejects.toThrow(CallerLeftError);

      expect(handle).not.toHaveBeenCalled();
      await expect(stateOf('order:7')).resolves.toBe('free');
    });

    it('stops a stream that is to begin all the same', async () => {
      const ticks = new Subject();

      await expect(answer(() => ticks, { callerMayLeave: false, onLeave: 'stop' })).resolves.toBe('stopped');

      expect(ticks.observed).toBe(false);
      await whenFree('order:7');
    });
  });

  const stateOf = async (resource: string) => (await locks.inspect(resource)).state;

  /** As soon as nobody holds it. */
  const whenFree = async (resource: string) => {
    await (await locks.acquire(resource, { wait: 5_000 })).release();
  };

  it('runs what is inside of it under the lock, and has given it back when the response completes', async () => {
    const result = await lastValueFrom(around(() => of(locks.current()?.resources)));

    expect(result).toEqual(['order:7']);
    expect(await stateOf('order:7')).toBe('free');
  });

  it('takes a lock with a fencing token for those who ask', async () => {
    const tokenUnder = (options?: LockInterceptorOptions) =>
      lastValueFrom(around(() => of(locks.current()?.fencingToken), options));

    const first = await tokenUnder({ fencing: true });
    const second = await tokenUnder({ fencing: true });

    expect(second).toBeGreaterThan(first as number);
    expect(await tokenUnder()).toBeUndefined();
  });

  it('asks for the lock when somebody listens, and not before', async () => {
    const handle = jest.fn(() => of('done'));
    const response = around(handle);
    const lock = await locks.acquire('order:7');

    await expect(lastValueFrom(response)).rejects.toThrow(LockBusyError);
    await lock.release();
    await expect(lastValueFrom(response)).resolves.toBe('done');
    expect(handle).toHaveBeenCalledTimes(1);
  });

  it('holds the lock until the last part of the response', async () => {
    const source = new Subject<number>();
    const started = deferred();
    const parts = lastValueFrom(
      around(() => {
        queueMicrotask(started.resolve);
        return source;
      }).pipe(toArray()),
    );
    await started.promise;

    source.next(1);
    expect(await stateOf('order:7')).toBe('held');
    source.next(2);
    source.complete();

    await expect(parts).resolves.toEqual([1, 2]);
    expect(await stateOf('order:7')).toBe('free');
  });

  it('passes an error of the handler as it is, and gives the lock back', async () => {
    const error = new Error('mine');

    await expect(lastValueFrom(around(() => throwError(() => error)))).rejects.toBe(error);
    expect(await stateOf('order:7')).toBe('free');
  });

  it('gives the lock back when the client goes away', async () => {
    const started = deferred();
    const source = new Subject();
    const subscription = around(() => {
      queueMicrotask(started.resolve);
      return source;
    }).subscribe();
    await started.promise;
    expect(source.observed).toBe(true);

    subscription.unsubscribe();
    await whenFree('order:7');

    expect(source.observed).toBe(false);
  });

  it.each([
    ['', { ttl: 5_000 }],
    [', with a signal of its own too', { signal: new AbortController().signal }],
    [', without any options', {}],
  ])('stops waiting when the client goes away%s', async (_, options) => {
    await locks.close();
    locks = createLockService({ nodes: [new MemoryLockNode()], defaults: { wait: Infinity } });
    const handle = jest.fn(() => NEVER);
    const lock = await locks.acquire('order:7');
    const subscription = around(handle, options).subscribe();
    const taken: string[] = [];
    locks.events$.subscribe(({ type }) => taken.push(type));

    subscription.unsubscribe();
    await lock.release();
    await whenFree('order:7');

    expect(handle).not.toHaveBeenCalled();
    // By whoever looked whether it is free, and by nobody before.
    expect(taken.filter((type) => type === 'acquired')).toHaveLength(1);
  });

  it('takes the lock from the service that it names', async () => {
    @Controller()
    class Payments {
      @Get()
      @UseInterceptors(LockInterceptor('payments', { connection: 'billing', wait: 0 }))
      list() {
        return 'paid';
      }
    }
    const module = await Test.createTestingModule({
      imports: [RedlockTestingModule.forRoot(), RedlockTestingModule.forRoot({ name: 'billing' })],
      controllers: [Payments],
    }).compile();
    const app = await module.createNestApplication().init();
    const get = () => request(app.getHttpServer() as Parameters<typeof request>[0]).get('/');

    await using _other = await LockTester.of(app.get(LockService)).hold('payments');
    expect((await get()).status).toBe(200);
    await using _one = await LockTester.of(app.get(getLockServiceToken('billing'))).hold('payments');
    expect((await get()).status).toBe(409);

    await app.close();
  });

  it('turns a result into LockLostError when the lock was lost meanwhile', async () => {
    const response = around(() => from(loseLock(locks)));

    await expect(lastValueFrom(response)).rejects.toThrow(LockLostError);
  });

  it('sends nothing more of a stream once the lock is lost', async () => {
    const source = new Subject<string>();
    const lost = deferred();
    const seen: unknown[] = [];
    const response = around(() => {
      loseLock(locks).then(lost.resolve, lost.reject);
      return source;
    });
    const failure = deferred<unknown>();
    response.subscribe({ next: (part) => seen.push(part), error: failure.resolve });

    await lost.promise;
    source.next('too late');

    expect(await failure.promise).toBeInstanceOf(LockLostError);
    expect(seen).toEqual([]);
    await whenFree('order:7');
    expect(source.observed).toBe(false);
  });

  it('fails as soon as the lock is lost, though the handler is silent', async () => {
    const response = around(() => {
      void loseLock(locks);
      return NEVER;
    });

    await expect(lastValueFrom(response)).rejects.toThrow(LockLostError);
  });

  it("answers what the handler does for a lost lock with onLost: 'ignore'", async () => {
    const response = around(() => from(loseLock(locks).then(() => 'done')), { onLost: 'ignore' });

    await expect(lastValueFrom(response)).resolves.toBe('done');
  });

  it('answers what onLost makes of the error and the context', async () => {
    const response = around(() => from(loseLock(locks)), {
      onLost: (error, at) => `${error.reason} on ${at.getType()}`,
    });

    await expect(lastValueFrom(response)).resolves.toBe('gone on http');
  });

  it('does not hide a busy lock that the handler runs into', async () => {
    const busy = new LockBusyError({ resources: ['other'], waitedMs: 0 });

    await expect(lastValueFrom(around(() => throwError(() => busy), { onBusy: 'skip' }))).rejects.toBe(busy);
  });

  it("answers undefined for a busy lock with onBusy: 'skip', and does not run the handler", async () => {
    await using _lock = await locks.acquire('order:7');
    const handle = jest.fn(() => of('done'));

    await expect(lastValueFrom(around(handle, { onBusy: 'skip' }))).resolves.toBeUndefined();
    expect(handle).not.toHaveBeenCalled();
  });

  it('answers what onUnavailable makes of the context, and only then', async () => {
    const handle = jest.fn(() => of('done'));
    const options = { onUnavailable: (at: ExecutionContext) => `none on ${at.getType()}` };
    await expect(lastValueFrom(around(handle, options))).resolves.toBe('done');
    handle.mockClear();
    await using lock = await locks.acquire('order:7');
    await expect(lastValueFrom(around(handle, options))).rejects.toThrow(LockBusyError);
    await lock.release();

    await locks.close();

    await expect(lastValueFrom(around(handle, options))).resolves.toBe('none on http');
    await expect(lastValueFrom(around(handle))).rejects.toThrow(LockUnavailableError);
    expect(handle).not.toHaveBeenCalled();
  });

  it('answers what onBusy makes of the context', async () => {
    await using _lock = await locks.acquire('order:7');
    const response = around(() => of('done'), { onBusy: (at) => Promise.resolve(`busy on ${at.getType()}`) });

    await expect(lastValueFrom(response)).resolves.toBe('busy on http');
  });

  it('stops waiting at a signal of its options too', async () => {
    await using _lock = await locks.acquire('order:7');
    const stop = new AbortController();
    const response = firstValueFrom(around(() => of('done'), { wait: Infinity, signal: stop.signal }));

    stop.abort(new Error('stopped'));

    await expect(response).rejects.toThrow('stopped');
  });

  it('fails with LockKeyError when the request lacks a value of the key', async () => {
    await expect(lastValueFrom(around(() => of(1), {}, 'order:<body.id>'))).rejects.toThrow(LockKeyError);
  });

  it('refuses bad templates and options at once', () => {
    expect(() => LockInterceptor('order:<id>')).toThrow(LockKeyError);
    expect(() => LockInterceptor('order', { wait: -1 })).toThrow(LockOptionsError);
  });
});
