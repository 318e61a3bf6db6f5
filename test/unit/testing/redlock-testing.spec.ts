import { Controller, Get, Inject, Injectable, Module, Param, type INestApplication } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import request from 'supertest';
import {
  getLockServiceToken,
  InjectLockService,
  Locked,
  LockBusyError,
  LockLostError,
  LockOptionsError,
  LockService,
  LockUnavailableError,
  RedlockModule,
  type RedlockOptions,
} from '../../../lib';
import { LockTester, RedlockTestingModule, useRedlockTesting } from '../../../lib/testing';
import { createTestingLockService } from '../../../lib/testing/create-testing-lock-service';
import { deferred } from '../../helpers/deferred';
import { until } from '../../helpers/until';
import { watch } from '../../helpers/watch';

@Injectable()
class Orders {
  readonly started = deferred();
  readonly gate = deferred();

  @Locked('order:<0>')
  async pay(_id: string) {
    this.started.resolve();
    await this.gate.promise;
    return 'paid';
  }

  @Locked('stock:<0>', { wait: 0 })
  async count(_id: string) {
    return Promise.resolve(1);
  }
}

@Controller('stock')
class StockController {
  constructor(@Inject(Orders) private readonly orders: Orders) {}

  @Get(':id')
  async count(@Param('id') id: string) {
    return this.orders.count(id);
  }
}

@Module({ providers: [Orders], controllers: [StockController], exports: [Orders] })
class OrdersModule {}

const STEP_MS = 20;

describe('RedlockTestingModule', () => {
  let module: TestingModule;
  let locks: LockService;
  let tester: LockTester;
  let orders: Orders;

  beforeEach(async () => {
    module = await Test.createTestingModule({
      imports: [RedlockTestingModule.forRoot({ shutdownTimeout: 0 }), OrdersModule],
    }).compile();
    await module.init();
    locks = module.get(LockService);
    tester = module.get(LockTester);
    orders = module.get(Orders);
  });

  afterEach(async () => {
    jest.useRealTimers();
    orders.gate.resolve();
    await module.close();
  });

  it('lets callers contend, and remembers what happened', async () => {
    const paying = orders.pay('7');
    await orders.started.promise;
    await expect(locks.acquire('order:7', { wait: 0 })).rejects.toThrow(LockBusyError);
    orders.gate.resolve();
    await paying;

    expect(tester.history.map(({ type }) => type)).toEqual(['acquired', 'busy', 'released']);
    tester.clearHistory();
    expect(tester.history).toEqual([]);
  });

  it('lets somebody else hold a resource until they release it', async () => {
    const other = await tester.hold('stock:7');

    await expect(orders.count('7')).rejects.toThrow(LockBusyError);
    expect((await locks.inspect('stock:7')).state).toBe('held');

    await other.release();
    await expect(orders.count('7')).resolves.toBe(1);
  });

  it.each([
    ['a second', undefined, 1_000],
    ['as long as the application says', 3_000, 3_000],
  ])('closes after %s where a test has left a lock held', async (_what, shutdownTimeout, waitsMs) => {
    const closed = await Test.createTestingModule({
      imports: [RedlockTestingModule.forRoot({ shutdownTimeout })],
    }).compile();
    jest.useFakeTimers();
    const lock = await closed.get(LockService).acquire('order:7');

    const closing = watch(closed.close());
    await jest.advanceTimersByTimeAsync(waitsMs - 1);
    expect(closing.state).toBe('pending');
    expect(lock.isHeld).toBe(true);
    await jest.advanceTimersByTimeAsync(1);

    expect(closing.state).toBe('resolved');
    expect(lock.isHeld).toBe(false);
  });

  it('lets nobody else wait for what the application holds', async () => {
    await using _lock = await locks.acquire('stock:7');
    jest.useFakeTimers();

    const holding = watch(tester.hold('stock:7'));
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();

    expect(holding.error).toBeInstanceOf(LockBusyError);
    jest.useRealTimers();
  });

  it('remembers no more than a test would look at', async () => {
    for (let count = 0; count < 5_001; count++) await locks.withLock('order:7', () => undefined);

    expect(tester.history).toHaveLength(10_000);
  });

  it('does not count what somebody else does as history', async () => {
    await (await tester.hold('stock:7')).release();

    expect(tester.history).toEqual([]);
  });

  it('wakes a caller that waits for somebody else', async () => {
    const other = await tester.hold('order:7');
    orders.gate.resolve();
    const paying = orders.pay('7');

    await other.release();

    await expect(paying).resolves.toBe('paid');
  });

  it('loses a lock at once, and lets the next one have it', async () => {
    const lock = await locks.acquire('order:7');

    await tester.loseLock('order:7');

    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
    expect(lock.isHeld).toBe(false);
    await (await locks.acquire('order:7', { wait: 0 })).release();
    expect(tester.history.map(({ type }) => type)).toContain('lost');
  });

  it('loses the lock of a method that runs', async () => {
    const paying = orders.pay('7');
    await orders.started.promise;

    await tester.loseLock('order:7');
    orders.gate.resolve();

    await expect(paying).rejects.toThrow(LockLostError);
  });

  it('takes a lock away from a call that was made just before', async () => {
    const counting = orders.count('7');
    await tester.loseLock('stock:7');
    await expect(counting).rejects.toThrow(LockLostError);

    const paying = orders.pay('7');
    await tester.loseLock('order:7');
    orders.gate.resolve();
    await expect(paying).rejects.toThrow(LockLostError);
  });

  it('holds for somebody else without the defaults of the application', async () => {
    const service = createTestingLockService({
      nodes: ['', '', ''],
      shutdownTimeout: 0,
      defaults: { ttl: 2_000, maxHold: 30_000, holdAtLeast: 20_000, fencing: true },
    });
    try {
      const other = await LockTester.of(service).hold('order:7');
      expect(other.fencingToken).toBeUndefined();
      expect(other.remainingMs).toBeLessThan(2_000);

      await other.release();

      expect((await service.acquire('order:7', { wait: 0, holdAtLeast: 0 })).fencingToken).toEqual(
        expect.any(Number),
      );
    } finally {
      await service.close();
    }
  });

  it('loses a lock that would be kept after its release too', async () => {
    const lock = await locks.acquire('order:7', { holdAtLeast: 30_000 });
    tester.failNodes(1);

    await tester.loseLock('order:7');
    tester.recoverNodes();

    expect(lock.isHeld).toBe(false);
    expect((await locks.acquire('order:7', { wait: 0 })).isHeld).toBe(true);
    expect(await locks.inspect('order:7')).toMatchObject({ state: 'held' });
  });

  it('releases on nodes that had failed what was released meanwhile', async () => {
    const lock = await locks.acquire('order:7');
    tester.failNodes();

    expect(await lock.release()).toBe('unknown');
    tester.recoverNodes();

    expect(await locks.inspect('order:7')).toMatchObject({ state: 'free' });
    expect((await locks.acquire('order:7', { wait: 0 })).isHeld).toBe(true);
  });

  it('says so when there is no lock to lose', async () => {
    await expect(tester.loseLock('order:7')).rejects.toThrow('Nobody holds "order:7"');

    await (await locks.acquire('order:7')).release();
    await expect(tester.loseLock('order:7')).rejects.toThrow('Nobody holds "order:7"');
  });

  it('keeps on a failed node what it has, and lets nothing through', async () => {
    await locks.acquire('order:7', { fencing: true });
    tester.failNodes();

    await expect(locks.tryAcquire('order:8')).rejects.toThrow(LockUnavailableError);
    expect((await locks.inspect('order:7')).state).toBe('unknown');

    tester.recoverNodes();
    expect((await locks.inspect('order:7')).state).toBe('held');
  });

  it.each([-1, 4, 1.5, NaN, '2'])('refuses to fail %p of three nodes', async (count) => {
    expect(() => {
      tester.failNodes(count as number);
    }).toThrow(LockOptionsError);

    await (await locks.acquire('order:7')).release();
  });

  it('survives one failed node of three, and not two, until they recover', async () => {
    tester.failNodes(1);
    await expect(orders.count('7')).resolves.toBe(1);

    tester.failNodes(1);
    await expect(orders.count('7')).rejects.toThrow(LockUnavailableError);
    expect(tester.history.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['node-down', 'unavailable']),
    );

    tester.clearHistory();
    tester.recoverNodes();
    await expect(orders.count('7')).resolves.toBe(1);
    // Of the two that had failed, and of no other.
    expect(tester.history.filter(({ type }) => type === 'node-up')).toHaveLength(2);
  });

  it.each([['modern'], ['legacy']])('follows %s fake timers', async (kind) => {
    jest.useFakeTimers({ legacyFakeTimers: kind === 'legacy' });
    const advance = async (ms: number) => {
      // In steps that are small against the shortest delay: legacy timers stop the clock between a step and what is
      // scheduled after it.
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        jest.advanceTimersByTime(STEP_MS);
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      }
    };
    await using _other = await tester.hold('order:7');

    const waiting = watch(orders.pay('7'));
    await advance(4_000);
    expect(waiting.state).toBe('pending');
    await advance(2_000);
    expect(waiting.error).toBeInstanceOf(LockBusyError);

    const lock = await locks.acquire('kept');
    await advance(60_000);
    expect(lock.isHeld).toBe(true);
    tester.failNodes();
    await advance(12_000);
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
    tester.recoverNodes();
  });

  it('keeps the lock of somebody else alive, whatever the options of the application', async () => {
    jest.useFakeTimers();
    const short = await Test.createTestingModule({
      imports: [RedlockTestingModule.forRoot({ defaults: { ttl: 1_000, autoExtend: false } })],
    }).compile();
    await short.init();

    const other = await short.get(LockTester).hold('order:7');
    await jest.advanceTimersByTimeAsync(5_000);

    expect(other.isHeld).toBe(true);
    await short.close();
  });

  it('ends with the application, whatever somebody else still holds', async () => {
    const other = await tester.hold('stock:7');

    await module.close();

    // An application waits for 10 s for those who hold a lock.
    await until('somebody else has lost the lock', () => other.signal.aborted, 5_000);

    await expect(tester.hold('stock:8')).rejects.toThrow(LockUnavailableError);
  });
});

describe('several RedlockTestingModules', () => {
  it('give the classes of the application the tester of the one without a name', async () => {
    @Injectable()
    class Fixtures {
      constructor(@Inject(LockTester) readonly tester: LockTester) {}
    }
    @Module({ providers: [Fixtures] })
    class FixturesModule {}
    const forRoot = (name?: string) => RedlockTestingModule.forRoot({ name });

    for (const imports of [
      [forRoot(), forRoot('billing'), FixturesModule],
      [forRoot('billing'), forRoot(), FixturesModule],
    ]) {
      const module = await Test.createTestingModule({ imports }).compile();

      expect(module.get(Fixtures).tester).toBe(LockTester.of(module.get(LockService)));
      await module.close();
    }
  });
});

describe('useRedlockTesting', () => {
  @Module({
    imports: [
      RedlockModule.forRoot({ nodes: ['redis://a:6379'], defaults: { wait: 0 } }),
      RedlockModule.forRootAsync({
        name: 'billing',
        useFactory: () => ({
          nodes: ['redis://b:1', 'redis://c:2', 'redis://d:3', 'redis://e:4', 'redis://f:5'],
        }),
      }),
      OrdersModule,
    ],
  })
  class AppModule {
    constructor(@InjectLockService('billing') readonly billing: LockService) {}
  }

  let app: INestApplication;

  beforeEach(async () => {
    const module = await useRedlockTesting(Test.createTestingModule({ imports: [AppModule] })).compile();
    app = module.createNestApplication();
    await app.init();
  });

  afterEach(() => app.close());

  it('keeps the modules apart, their options and their number of nodes', async () => {
    const tester = LockTester.of(app.get(LockService));
    const billing = LockTester.of(app.get(getLockServiceToken('billing')));
    await using _other = await tester.hold('order:7');

    await expect(app.get(LockService).acquire('order:7')).rejects.toThrow(LockBusyError);
    await (await app.get(AppModule).billing.acquire('order:7', { wait: 0 })).release();
    billing.failNodes(2);
    await (await app.get(AppModule).billing.acquire('order:7')).release();
    tester.failNodes(1);
    await expect(app.get(LockService).acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });

  it('leaves the exception filter in place', async () => {
    const tester = LockTester.of(app.get(LockService));
    const http = request(app.getHttpServer() as Parameters<typeof request>[0]);
    await using other = await tester.hold('stock:7');

    expect((await http.get('/stock/7')).status).toBe(409);
    await other.release();
    expect((await http.get('/stock/7')).status).toBe(200);
  });

  it.each([undefined, null, [], 'redis://a:6379', ['redis://undefined:6379'], [undefined]])(
    'needs no address of a Redis: nodes %j',
    async (nodes) => {
      const useFactory = () => ({ nodes: nodes as unknown as RedlockOptions['nodes'] });
      const imports = [RedlockModule.forRootAsync({ useFactory })];
      const module = await useRedlockTesting(Test.createTestingModule({ imports })).compile();
      const locks = module.get(LockService);

      await (await locks.acquire('order:7')).release();

      const { nodes: used } = await locks.inspect('order:7');
      expect(used).toHaveLength(nodes instanceof Array && nodes.length > 0 ? nodes.length : 3);
      await module.close();
    },
  );

  it.each([
    [undefined, 'options'],
    [{ nodes: [], nodeTimeOut: 5 }, 'nodeTimeOut'],
    [{ nodes: [], shutdownTimeout: -1 }, 'shutdownTimeout'],
  ])('refuses the other options that are refused with real nodes: %j', async (options, named) => {
    const useFactory = () => options as unknown as RedlockOptions;
    const imports = [RedlockModule.forRootAsync({ useFactory })];

    await expect(useRedlockTesting(Test.createTestingModule({ imports })).compile()).rejects.toThrow(named);
  });

  it('says so when a lock service is not under test', () => {
    expect(() => LockTester.of({} as LockService)).toThrow('not under test');
  });
});
