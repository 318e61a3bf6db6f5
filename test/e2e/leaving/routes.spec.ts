import { once } from 'node:events';
import { get as httpGet } from 'node:http';
import {
  Controller,
  Get,
  Injectable,
  RequestTimeoutException,
  Sse,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { ClientProxyFactory, MessagePattern, Transport, type ClientProxy } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  catchError,
  from,
  interval,
  map,
  merge,
  NEVER,
  Observable,
  of,
  race,
  Subject,
  take,
  takeUntil,
  throwError,
  timeout,
  TimeoutError,
  timer,
} from 'rxjs';
import {
  CallerLeftError,
  CallerSignal,
  LockBusyError,
  LockInterceptor,
  Locked,
  LockService,
  LockSignal,
  RedlockModule,
} from '../../../lib';
import { MemoryLockNode } from '../../../lib/memory/memory-lock-node';
import { deferred } from '../../helpers/deferred';
import { findFreePort } from '../../helpers/free-port';

/** The handler that runs, as the test sees it. */
let begun: ReturnType<typeof deferred<{ left: AbortSignal; lost: AbortSignal }>>;
let end: ReturnType<typeof deferred<string>>;
const close$ = new Subject<void>();

const work = (left: AbortSignal, lost: AbortSignal): Promise<string> => {
  begun.resolve({ left, lost });
  return end.promise;
};

const interceptor = (stop: (source: Observable<unknown>) => Observable<unknown>) => {
  @Injectable()
  class Interceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler) {
      return stop(next.handle());
    }
  }
  return Interceptor;
};

/** As in the documentation of Nest. */
const Timeout = interceptor((source) =>
  source.pipe(
    timeout(40),
    catchError((error: Error) =>
      throwError(() => (error instanceof TimeoutError ? new RequestTimeoutException() : error)),
    ),
  ),
);
const UntilClose = interceptor((source) => source.pipe(takeUntil(close$)));
const Race = interceptor((source) => race(source, timer(40).pipe(map(() => 'too late'))));
const First = interceptor((source) => source.pipe(take(1)));

const Lock = LockInterceptor('order:7', { wait: 0 });

@Controller()
class Orders {
  private readonly client: ClientProxy;
  static port = 0;

  constructor() {
    this.client = ClientProxyFactory.create({ transport: Transport.TCP, options: { port: Orders.port } });
  }

  pay(left: AbortSignal, lost: AbortSignal): Observable<unknown> {
    Orders.signals = { left, lost };
    return this.client.send('pay', {});
  }

  private static signals: { left: AbortSignal; lost: AbortSignal };

  @MessagePattern('pay')
  charge() {
    return work(Orders.signals.left, Orders.signals.lost);
  }

  onModuleDestroy() {
    void this.client.close();
  }
}

@Controller()
class Routes {
  constructor(private readonly orders: Orders) {}

  @Get('promise')
  @UseInterceptors(Lock)
  promise(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return work(left, lost);
  }

  @Get('observable')
  @UseInterceptors(Lock)
  observable(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return from(work(left, lost));
  }

  @Get('locked-promise')
  @Locked('order:7', { wait: 0 })
  lockedPromise(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal): Promise<string> {
    return work(left, lost);
  }

  @Get('locked-observable')
  @Locked('order:7', { wait: 0 })
  lockedObservable(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal): Observable<string> {
    return from(work(left, lost));
  }

  @Get('send')
  @UseInterceptors(Lock)
  send(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return this.orders.pay(left, lost);
  }

  @Get('locked-send')
  @Locked('order:7', { wait: 0 })
  lockedSend(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal): Observable<unknown> {
    return this.orders.pay(left, lost);
  }

  @Get('timeout-outside')
  @UseInterceptors(Timeout, Lock)
  timeoutOutside(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return work(left, lost);
  }

  @Get('timeout-inside')
  @UseInterceptors(Lock, Timeout)
  timeoutInside(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return work(left, lost);
  }

  @Get('timeout-inside-observable')
  @UseInterceptors(Lock, Timeout)
  timeoutInsideObservable(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return from(work(left, lost)).pipe(map((value) => ({ value })));
  }

  @Get('timeout-inside-send')
  @UseInterceptors(Lock, Timeout)
  timeoutInsideSend(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return this.orders.pay(left, lost);
  }

  @Get('timeout-inside-two')
  @UseInterceptors(Lock, LockInterceptor('inner', { wait: 0 }), Timeout)
  timeoutInsideTwo(@CallerSignal('order:7') left: AbortSignal, @LockSignal('order:7') lost: AbortSignal) {
    return work(left, lost);
  }

  @Get('race-outside')
  @UseInterceptors(Race, Lock)
  raceOutside(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return from(work(left, lost));
  }

  @Get('race-inside')
  @UseInterceptors(Lock, Race)
  raceInside(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return from(work(left, lost));
  }

  @Get('first-outside')
  @UseInterceptors(First, Lock)
  firstOutside(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return merge(of('first'), work(left, lost));
  }

  @Get('first-inside')
  @UseInterceptors(Lock, First)
  firstInside(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return merge(of('first'), work(left, lost));
  }

  @Get('until-close')
  @UseInterceptors(UntilClose, Lock)
  untilClose(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return work(left, lost);
  }

  @Sse('sse-set-up')
  @UseInterceptors(Lock)
  async sseSetUp(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    await work(left, lost);
    return this.stream();
  }

  @Sse('locked-sse-set-up')
  @Locked('order:7', { wait: 0, ttl: 60_000 })
  async lockedSseSetUp(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    await work(left, lost);
    return this.stream();
  }

  @Sse('sse-step')
  @UseInterceptors(Lock)
  sseStep(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    return from(work(left, lost)).pipe(map((data) => ({ data })));
  }

  @Sse('sse')
  @UseInterceptors(Lock)
  sse(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    begun.resolve({ left, lost });
    return this.stream();
  }

  @Sse('locked-sse')
  @Locked('order:7', { wait: 0 })
  lockedSse(
    @CallerSignal() left: AbortSignal,
    @LockSignal() lost: AbortSignal,
  ): Observable<{ data: string }> {
    begun.resolve({ left, lost });
    return this.stream();
  }

  @Sse('sse-never')
  @UseInterceptors(Lock)
  sseNever(@CallerSignal() left: AbortSignal, @LockSignal() lost: AbortSignal) {
    begun.resolve({ left, lost });
    return NEVER;
  }

  private stream(): Observable<{ data: string }> {
    return interval(1_000).pipe(map((second) => ({ data: String(second) })));
  }
}

const platforms: [string, () => ExpressAdapter | FastifyAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe.each(platforms)('a caller who leaves a route on %s', (_platform, createAdapter) => {
  let app: INestApplication;
  let locks: LockService;
  let url: string;

  beforeAll(async () => {
    Orders.port = await findFreePort();
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      controllers: [Routes, Orders],
      providers: [Orders],
    }).compile();
    app = module.createNestApplication(createAdapter() as ExpressAdapter, { forceCloseConnections: true });
    app.useLogger(false);
    app.connectMicroservice({ transport: Transport.TCP, options: { port: Orders.port } });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    locks = app.get(LockService);
    url = await app.getUrl();
  });

  afterAll(() => app.close());

  beforeEach(() => {
    begun = deferred();
    end = deferred();
  });

  afterEach(() => {
    end.resolve('done');
  });

  const ask = (path: string) => httpGet(`${url}/${path}`).on('error', () => undefined);
  const aborted = (signal: AbortSignal) => (signal.aborted ? undefined : once(signal, 'abort'));
  const expectHeld = async () => {
    await expect(locks.acquire('order:7', { wait: 60 })).rejects.toThrow(LockBusyError);
  };
  const whenFree = async () => {
    await (await locks.acquire('order:7', { wait: 5_000 })).release();
  };

  it.each([
    'promise',
    'observable',
    'locked-promise',
    'locked-observable',
    'send',
    'locked-send',
    'sse-set-up',
    'locked-sse-set-up',
    'sse-step',
    'timeout-inside-two',
  ])('leaves the lock to the work of /%s, which is told', async (path) => {
    const client = ask(path);
    const { left, lost } = await begun.promise;

    client.destroy();
    await aborted(left);

    expect(left.reason).toBeInstanceOf(CallerLeftError);
    await expectHeld();
    expect(lost.aborted).toBe(false);
    end.resolve('done');
    await whenFree();
    expect(lost.aborted).toBe(false);
  });

  it.each([
    'timeout-outside',
    'timeout-inside',
    'timeout-inside-observable',
    'timeout-inside-send',
    'timeout-inside-two',
    'race-outside',
    'race-inside',
    'first-outside',
    'first-inside',
  ])('that is an interceptor leaves the lock to the work of /%s', async (path) => {
    const answered = new Promise<number | undefined>((resolve) =>
      ask(path).on('response', (response) => {
        resolve(response.resume().statusCode);
      }),
    );
    const { lost } = await begun.promise;

    expect(await answered).toBe(path.startsWith('timeout') ? 408 : 200);
    await expectHeld();
    expect(lost.aborted).toBe(false);
    end.resolve('done');
    await whenFree();
  });

  it('that closes everything leaves the lock to the work', async () => {
    ask('until-close');
    const { left } = await begun.promise;

    close$.next();

    expect(left.aborted).toBe(true);
    await expectHeld();
    end.reject(new Error('failed, and nobody hears of it'));
    await whenFree();
  });

  it.each(['sse', 'locked-sse', 'sse-never'])(
    'ends the stream of /%s, and so frees its lock',
    async (path) => {
      const client = ask(path);
      const { left, lost } = await begun.promise;
      await expectHeld();

      client.destroy();
      await whenFree();

      expect(left.aborted).toBe(true);
      expect(lost.aborted).toBe(false);
    },
  );
});
