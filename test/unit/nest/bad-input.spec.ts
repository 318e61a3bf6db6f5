import type { ModuleMetadata } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { RedlockBoardModule } from '../../../lib/board';
import {
  fencedDelete,
  fencedGet,
  fencedSet,
  MemoryFenceStore,
  RedisFenceStore,
  RequestFence,
} from '../../../lib/fencing';
import { RedlockHealthIndicator } from '../../../lib/health';
import { instrumentLocks, RedlockOpenTelemetryModule } from '../../../lib/opentelemetry';
import { RedlockScheduleModule } from '../../../lib/schedule';
import {
  bindLockService,
  createLockService,
  CurrentLock,
  getLockServiceToken,
  InjectLockService,
  LeaderOnly,
  Locked,
  LockInterceptor,
  LockKeyError,
  LockOptionsError,
  MemoryLockNode,
  RedlockModule,
} from '../../../lib';
import { ApiLocked } from '../../../lib/swagger';
import { RedlockTestingModule, useRedlockTesting } from '../../../lib/testing';
import { createTestingLockService } from '../../../lib/testing/create-testing-lock-service';
import { LockTester } from '../../../lib/testing/lock-tester';
import { checkBoardSettings } from '../../../lib/board/check-board-options';
import { ensureBoardPage } from '../../helpers/board-page';

/** Whatever code without types may pass. */
const any = (value: unknown) => value as never;

describe('bad input is refused in words', () => {
  // One of the modules reads the page of the lock board, which is there only after a build.
  beforeAll(ensureBoardPage);

  it('by @LeaderOnly, for options that are none', () => {
    for (const options of [null, 7, 'x']) {
      expect(() => LeaderOnly('jobs', any(options))).toThrow(LockOptionsError);
    }
  });

  it.each(['jobs:<0>', 'jobs:<this.region>', "<'x'>"])('by @LeaderOnly, for the template %s', (name) => {
    expect(() => LeaderOnly(name)).toThrow(LockKeyError);
    expect(() => LeaderOnly(name)).toThrow(/without "<…>"/);
  });

  it('by the board, without options, as one that nobody said who may see', () => {
    for (const options of [undefined, null]) {
      const { providers = [] } = RedlockBoardModule.forRoot(any(options));

      expect(providers.length).toBeGreaterThan(0);
    }
    expect(() => checkBoardSettings({})).toThrow(/authorize: is missing/);
  });

  it.each(['permits', 'limit'])(
    'by the module, for %s among its defaults, which belongs to a call',
    (option) => {
      const create = () =>
        createLockService({ nodes: [new MemoryLockNode()], defaults: any({ [option]: 1 }) });

      expect(create).toThrow(/belongs to a single call/);
    },
  );

  it('by the module, for a maxTtl below a default ttl that nobody has written', () => {
    const create = () => createLockService({ nodes: [new MemoryLockNode()], maxTtl: 3_000 });

    expect(create).toThrow(/^defaults\.ttl: is not given.* 10000 .*maxTtl \(3000\).*defaults: \{ ttl/);
  });

  it('by fill() of a tester, for a limit that is none, and for other options', async () => {
    const locks = createTestingLockService({ nodes: [new MemoryLockNode()] });
    const tester = LockTester.of(locks);

    for (const options of [undefined, null, {}, { limit: 0 }, { limit: 3, foo: 1 }]) {
      await expect(tester.fill('api', any(options))).rejects.toThrow(LockOptionsError);
    }
    await locks.close();
  });

  const redlock = () => RedlockModule.forRoot({ nodes: [new MemoryLockNode()] });

  /** What is not refused at once is refused when the application starts. */
  const start = async (imports: () => ModuleMetadata['imports']) => {
    const app = await Test.createTestingModule({ imports: imports() }).compile();
    try {
      await app.init();
    } finally {
      await app.close();
    }
  };

  it.each<[string, () => unknown, RegExp]>([
    [
      'forRoot() without anything',
      () => RedlockModule.forRoot(any(undefined)),
      /^options: must be an object/,
    ],
    ['forRoot(null)', () => RedlockModule.forRoot(any(null)), /^options: must be an object/],
    [
      'forRoot() of an address',
      () => RedlockModule.forRoot(any('redis://a')),
      /^options: .*forRoot\({ nodes/,
    ],
    ['forRoot() of an array', () => RedlockModule.forRoot(any(['redis://a'])), /^options: /],
    ['forRoot({})', () => RedlockModule.forRoot(any({})), /^nodes: must be an array/],
    ['forRootAsync() without anything', () => RedlockModule.forRootAsync(any(undefined)), /^options: /],
    ['forRootAsync(null)', () => RedlockModule.forRootAsync(any(null)), /^options: must be an object/],
    ['forRootAsync({})', () => RedlockModule.forRootAsync({}), /takes exactly one of useFactory/],
    ['forRootAsync() of a function', () => RedlockModule.forRootAsync(any(() => ({}))), /useFactory: \(\)/],
    [
      'forRootAsync() with options of the locks',
      () => RedlockModule.forRootAsync(any({ useFactory: () => ({ nodes: [] }), nodes: [] })),
      /^nodes: is not an option of forRootAsync: .*returned by useFactory/,
    ],
    [
      'forRootAsync() with options in the place of the factory',
      () => RedlockModule.forRootAsync(any({ useFactory: { nodes: [] } })),
      /^useFactory: must be a function/,
    ],
    [
      'forRootAsync() with an object in the place of a class',
      () => RedlockModule.forRootAsync(any({ useClass: {} })),
      /^useClass: must be a class/,
    ],
    ...['inject', 'imports', 'extraProviders'].map((list): [string, () => unknown, RegExp] => [
      `forRootAsync() with an ${list} that is no array`,
      () => RedlockModule.forRootAsync(any({ useFactory: () => ({}), [list]: 'ConfigService' })),
      new RegExp(`^${list}: must be an array`),
    ]),
    [
      'a factory that returns nothing',
      () => RedlockModule.forRootAsync({ useFactory: () => any(undefined) }),
      /^options: must be an object with at least `nodes`/,
    ],
    [
      'a class without createRedlockOptions()',
      () => RedlockModule.forRootAsync({ useClass: any(class Nothing {}) }),
      /^useClass: must have a method createRedlockOptions\(\)/,
    ],
    ['the module without forRoot()', () => RedlockModule, /^RedlockModule: .*Import RedlockModule\.forRoot/],
    [
      'the module of the schedule without forRoot(), whose jobs would run in every process',
      () => RedlockScheduleModule,
      /^RedlockScheduleModule: .*every process.*Import RedlockScheduleModule\.forRoot\(\)/,
    ],
    [
      'the module of the telemetry without forRoot()',
      () => RedlockOpenTelemetryModule,
      /^RedlockOpenTelemetryModule: .*Import RedlockOpenTelemetryModule\.forRoot\(\)/,
    ],
    [
      'the module of the board without forRoot()',
      () => RedlockBoardModule,
      /^RedlockBoardModule: .*Import RedlockBoardModule\.forRoot\({ authorize }\)/,
    ],
    [
      'the testing module without forRoot()',
      () => RedlockTestingModule,
      /^RedlockTestingModule: .*Import RedlockTestingModule\.forRoot\(\)/,
    ],
    ['a null for the testing module', () => RedlockTestingModule.forRoot(any(null)), /^options: .*nodes: 3/],
    ...[0, -1, 16, 1.5, '3', ['redis://a'], NaN].map((nodes): [string, () => unknown, RegExp] => [
      `${JSON.stringify(nodes)} as the number of nodes of a test`,
      () => RedlockTestingModule.forRoot({ nodes: any(nodes) }),
      /^nodes: must say how many: a whole number from 1 to 15/,
    ]),
  ])('by modules: %s', async (_what, make, message) => {
    const starting = start(() => [make() as never]);

    await expect(starting).rejects.toThrow(LockOptionsError);
    await expect(starting).rejects.toThrow(message);
  });

  it.each<[string, () => NonNullable<ModuleMetadata['imports']>]>([
    ['RedlockModule', () => [RedlockModule, redlock()]],
    [
      'RedlockScheduleModule',
      () => [redlock(), ScheduleModule.forRoot(), RedlockScheduleModule, RedlockScheduleModule.forRoot()],
    ],
    [
      'RedlockOpenTelemetryModule',
      () => [redlock(), RedlockOpenTelemetryModule, RedlockOpenTelemetryModule.forRoot()],
    ],
    [
      'RedlockBoardModule',
      () => [redlock(), RedlockBoardModule, RedlockBoardModule.forRoot({ authorize: () => true })],
    ],
    ['RedlockTestingModule', () => [RedlockTestingModule, RedlockTestingModule.forRoot()]],
  ])('but %s without forRoot() does no harm beside one with it', async (_name, imports) => {
    await expect(start(imports)).resolves.toBeUndefined();
  });

  it.each([undefined, null, {}, 7])('by useRedlockTesting, for %j in the place of a builder', (builder) => {
    expect(() => useRedlockTesting(any(builder))).toThrow(/^builder: must be what Test\.createTestingModule/);
  });

  it.each(['jobs:<0>', '<this.region>', 'jobs:<id|int>'])(
    'by election(), for the template %s',
    async (name) => {
      const locks = createLockService({ nodes: [new MemoryLockNode()] });

      expect(() => locks.election(name)).toThrow(LockKeyError);
      expect(() => locks.election(name)).toThrow(/without "<…>"/);
      await locks.close();
    },
  );

  it.each(['', null, 7, {}])('by whatever takes the name of a lock service, for %j', async (name) => {
    const locks = createLockService({ nodes: [new MemoryLockNode()] });

    for (const take of [
      () => InjectLockService(any(name)),
      () => getLockServiceToken(any(name)),
      () => bindLockService({}, locks, any(name)),
    ]) {
      expect(take).toThrow(/^name: must be a string that is not empty/);
    }
    await locks.close();
  });

  it.each<[string, () => unknown]>([
    ['forRoot()', () => RedlockModule.forRoot({ name: 'default', nodes: [new MemoryLockNode()] })],
    ['@Locked', () => Locked('order:<0>', { connection: 'default' })],
    ['@LeaderOnly', () => LeaderOnly('jobs', { connection: 'default' })],
    ['LockInterceptor', () => LockInterceptor('order:<params.id>', { connection: 'default' })],
    ['@CurrentLock', () => CurrentLock({ connection: 'default' })],
    ['@InjectLockService', () => InjectLockService('default')],
    ['the schedule', () => RedlockScheduleModule.forRoot({ connection: 'default' })],
  ])(
    "by %s, for the name 'default', by which the service without a name is told elsewhere",
    (_what, take) => {
      expect(take).toThrow(
        /^(name|connection): is 'default', which stands for .* without a name\. Leave it out\.$/,
      );
    },
  );

  const lock = { resources: ['order:7'], ownerToken: 'host:1:abcd:secret', fencingToken: 1 };
  const client = { eval: () => Promise.resolve([1, null]), evalsha: () => Promise.resolve([1, null]) };

  it.each<[string, (options: never) => unknown]>([
    ['fencedSet', (options) => fencedSet(client, 'cart:7', 'x', lock, options)],
    ['fencedGet', (options) => fencedGet(client, 'cart:7', lock, options)],
    ['fencedDelete', (options) => fencedDelete(client, 'cart:7', lock, options)],
    ['RedisFenceStore', (options) => new RedisFenceStore(client, options)],
    ['MemoryFenceStore', (options) => new MemoryFenceStore(options)],
    ['@RequestFence', (options) => RequestFence(options)],
    ['@ApiLocked', (options) => ApiLocked(options)],
    ['the board', (options) => RedlockBoardModule.forRootAsync(options)],
    ['isHealthy()', (options) => new RedlockHealthIndicator(any({}), any({})).isHealthy('locks', options)],
    ['the telemetry', (options) => start(() => [redlock(), RedlockOpenTelemetryModule.forRoot(options)])],
  ])('by %s, for options that are none, or are not known', async (_what, take) => {
    const taking = async (options: unknown) => await take(any(options));

    for (const options of [null, 7, 'x', []]) {
      await expect(taking(options)).rejects.toThrow(/^options: must be an object/);
    }
    await expect(taking({ keepp: 7 })).rejects.toThrow(/^keepp: is not an option of .* Known options are: /);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'a RedisFenceStore without a client',
      () => new RedisFenceStore(any(undefined)),
      /^redis: must be a client/,
    ],
    [
      'a RedisFenceStore',
      () => new RedisFenceStore(client, { keyPrefix: any(7) }),
      /^keyPrefix: must be a string/,
    ],
    ['@RequestFence', () => RequestFence({ required: any('no') }), /^required: must be true or false/],
    ['@ApiLocked', () => ApiLocked({ busy: any(true) }), /^busy: must be a description, or false/],
    ['@ApiLocked', () => ApiLocked({ limited: any(7) }), /^limited: must be a description, or true or false/],
    ['the board', () => RedlockBoardModule.forRootAsync(any({})), /^useFactory: must be a function/],
    [
      'the board',
      () => RedlockBoardModule.forRootAsync(any({ useFactory: () => ({}), inject: 'Sessions' })),
      /^inject: must be an array/,
    ],
    ...['path', 'connection'].map((extra): [string, () => unknown, RegExp] => [
      `the board, whose factory returns its ${extra}`,
      () => {
        const useFactory = any(() => ({ [extra]: 'billing', allowUnauthenticated: true }));
        return start(() => [redlock(), RedlockBoardModule.forRootAsync({ useFactory })]);
      },
      new RegExp(`^${extra}: must be given beside useFactory, as in forRootAsync`),
    ]),
    ['instrumentLocks', () => instrumentLocks(any(undefined)), /^locks: must be a lock service/],
    ['instrumentLocks', () => instrumentLocks(any({})), /^locks: must be a lock service/],
    [
      'the telemetry',
      () => start(() => [redlock(), RedlockOpenTelemetryModule.forRoot(any({ connection: 'billing' }))]),
      /^connection: is not an option of the module\. Name .* in `connections`/,
    ],
    [
      'isHealthy()',
      () => new RedlockHealthIndicator(any({}), any({})).isHealthy(any(7)),
      /^key: must be a name in the result/,
    ],
  ])('by %s, for a value that cannot be meant', async (_what, take, message) => {
    const taking = (async () => await take())();

    await expect(taking).rejects.toThrow(LockOptionsError);
    await expect(taking).rejects.toThrow(message);
  });

  it('by withLock, for options behind the task, which would not count', async () => {
    const locks = createLockService({ nodes: [new MemoryLockNode()] });
    const task = jest.fn();

    const withoutTypes = locks as unknown as { withLock(...args: unknown[]): Promise<unknown> };
    const running = withoutTypes.withLock('api', task, { limit: 5 });

    await expect(running).rejects.toThrow(
      /^task: is the last argument: withLock\(resources, options\?, task\)/,
    );
    expect(task).not.toHaveBeenCalled();
    await locks.close();
  });

  it.each([null, undefined, 'x'])('by bindLockService, for %j', async (value) => {
    const locks = createLockService({ nodes: [new MemoryLockNode()] });

    expect(() => bindLockService(any(value), locks)).toThrow(/^instance: must be the object/);
    expect(() => bindLockService({}, any(value))).toThrow(/^service: must be a LockService/);
    await locks.close();
  });
});
