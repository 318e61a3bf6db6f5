// What an application that installed the package writes.
import { PACKAGE_NAME } from '../helpers/package-name';

/** The values among the documented public names. The types are in CONSUMER. */
export const NAMES = [
  ...['RedlockModule', 'LockService', 'createLockService', 'MemoryLockNode'],
  ...[
    'Locked',
    'LockInterceptor',
    'CurrentLock',
    'LockSignal',
    'InjectLockService',
    'getLockServiceToken',
    'bindLockService',
  ],
  ...['LockError', 'LockBusyError', 'LockUnavailableError', 'LockLostError', 'LockKeyError'],
  ...['LockOptionsError', 'LockReentrancyError', 'LockNotBoundError'],
];

/** Prints the names, and then a result that was computed under a lock. */
export const USE = `
  console.log(JSON.stringify(Object.entries(library).filter(([, value]) => typeof value === 'function').map(([name]) => name)));
  const locks = library.createLockService({ nodes: [new library.MemoryLockNode()] });
  locks.withLock('order:7', (lock) => lock.isHeld).then(async (held) => {
    console.log(JSON.stringify(held));
    await locks.close();
  });
`;

/** Prints the names of the sub-paths, which must have the same classes as the main entry. */
export const USE_SUB_PATHS = `
  console.log(Object.keys(testing).filter((name) => /^[A-Zu]/.test(name)).sort().join());
  console.log(Object.keys(health).filter((name) => /^[A-Z]/.test(name)).sort().join());
  console.log(Object.keys(opentelemetry).filter((name) => /^[A-Zi]/.test(name)).sort().join());
  console.log(Object.keys(swagger).filter((name) => /^[A-Z]/.test(name)).sort().join());
  console.log(Object.keys(schedule).filter((name) => /^[A-Zc]/.test(name)).sort().join());
  console.log(Object.keys(fencing).filter((name) => /^[A-Z][a-z]/.test(name)).sort().join());
  console.log(Object.keys(board).filter((name) => /^[A-Z][a-z]/.test(name)).sort().join());
  console.log(new fencing.StaleFenceError({ resources: ['a'], token: 1 }) instanceof library.LockError);
  const { providers } = testing.RedlockTestingModule.forRoot();
  console.log(providers.some(({ provide }) => provide === library.LockService));
`;

export const SUB_PATH_NAMES = [
  'LockTester,RedlockTestingModule,useRedlockTesting',
  'RedlockHealthIndicator,RedlockHealthModule',
  'RedlockOpenTelemetryModule,instrumentLocks',
  'ApiLocked',
  'EveryProcess,RedlockScheduleModule,createRunCoordinator',
  'FenceException,FenceGuard,MemoryFenceStore,RedisFenceStore,RequestFence,StaleFenceError',
  'RedlockBoardModule',
  'true',
  'true',
].join('\n');

export const JESTS_OWN = JSON.stringify({
  ...{ rootDir: '.', transform: {}, testMatch: ['**/*.test.mjs'], testEnvironment: 'node' },
  moduleFileExtensions: ['mjs', 'js', 'json'],
});

/** A test of an application, as jest runs it with `extensionsToTreatAsEsm` or in a file that ends with `.mjs`. */
export const JEST_AS_MODULES = `
  import { LockError, LockService } from '${PACKAGE_NAME}';
  import '${PACKAGE_NAME}/board';
  import { StaleFenceError } from '${PACKAGE_NAME}/fencing';
  import '${PACKAGE_NAME}/health';
  import '${PACKAGE_NAME}/opentelemetry';
  import '${PACKAGE_NAME}/schedule';
  import '${PACKAGE_NAME}/swagger';
  import { RedlockTestingModule } from '${PACKAGE_NAME}/testing';
  import { NestFactory } from '@nestjs/core';

  test('an application holds a lock', async () => {
    const app = await NestFactory.createApplicationContext(RedlockTestingModule.forRoot(), { logger: false });

    expect(await app.get(LockService).withLock('order:7', (lock) => lock.isHeld)).toBe(true);
    expect(new StaleFenceError({ resources: ['a'], token: 1 })).toBeInstanceOf(LockError);
    await app.close();
  });
`;

export const CONSUMER = `
  import { Injectable, Module } from '@nestjs/common';
  import { RedlockHealthIndicator, RedlockHealthModule } from '${PACKAGE_NAME}/health';
  import { RedlockBoardModule, type BoardState } from '${PACKAGE_NAME}/board';
  import { RedlockOpenTelemetryModule, instrumentLocks } from '${PACKAGE_NAME}/opentelemetry';
  import { ApiLocked } from '${PACKAGE_NAME}/swagger';
  import { LockTester, RedlockTestingModule, useRedlockTesting } from '${PACKAGE_NAME}/testing';
  import { CurrentLock, Locked, LockBusyError, LockService, LockSignal, MemoryLockNode, RedlockModule, createLockService } from '${PACKAGE_NAME}';
  import type { Lock, LockEvent, LockInspection, LockNode, LockOptions, RedlockModuleOptions, RedlockOptionsFactory } from '${PACKAGE_NAME}';

  @Injectable()
  export class Orders {
    constructor(private readonly locks: LockService) {}

    @ApiLocked({ busy: 'In use' })
    @Locked('order:<0>', { ttl: 5_000 })
    async pay(id: string, @CurrentLock() _own?: Lock, @LockSignal() _signal?: AbortSignal): Promise<number> {
      const lock: Lock = await this.locks.acquire(id);
      const left: number = lock.remainingMs;
      // @ts-expect-error Types that went missing are any, and would let this pass.
      const wrong: number = lock.ownerToken;
      return left + wrong;
    }
  }

  export class Options implements RedlockOptionsFactory {
    createRedlockOptions(): RedlockModuleOptions {
      const node: LockNode = new MemoryLockNode();
      return { nodes: [node, 'redis://127.0.0.1:6379'] };
    }
  }

  @Module({
    imports: [
      RedlockModule.forRootAsync({ useClass: Options }),
      RedlockHealthModule,
      RedlockOpenTelemetryModule.forRoot({ resourceGroup: ([first]) => first?.split(':')[0] }),
      RedlockBoardModule.forRoot({ path: 'locks', authorize: (request: { user?: string }) => request.user === 'ops' }),
    ],
    providers: [Orders],
  })
  export class AppModule {}

  export function longestWait(board: BoardState): number {
    // @ts-expect-error as above
    const wrong: string = board.locks[0]?.waiting;
    return Math.max(wrong.length, ...board.locks.map(({ waiting }) => waiting ?? 0));
  }

  export async function test(locks: LockService, health: RedlockHealthIndicator): Promise<'up' | 'down' | string> {
    const tester = LockTester.of(locks);
    await tester.hold('order:7');
    const stop: () => void = instrumentLocks(locks, { connection: 'billing' });
    stop();
    // @ts-expect-error as above
    instrumentLocks(locks, { connection: 7 });
    // @ts-expect-error as above
    const wrong: number = tester.history;
    useRedlockTesting({ overrideProvider: () => ({ useValue: () => wrong }) });
    return [(await health.isHealthy('locks')).locks.status, RedlockTestingModule.forRoot({ nodes: 5 }).module].join();
  }

  export async function look(options: LockOptions): Promise<LockInspection['state'] | LockEvent['type']> {
    const locks = createLockService({ nodes: [new MemoryLockNode()] });
    try {
      await locks.withLock('a', options, (lock) => lock.signal.aborted);
    } catch (error) {
      if (error instanceof LockBusyError) return 'busy';
    }
    return (await locks.inspect('a')).state;
  }
`;

export const UNFENCED_CONSUMER = `
  import type { LockService } from '${PACKAGE_NAME}';
  import { fenceHeaders, fenceOf } from '${PACKAGE_NAME}/fencing';

  export async function test(locks: LockService, options: { ttl: number }): Promise<number> {
    const lock = await locks.acquire('a', options);
    const inTask: number = await locks.withLock('a', (held) => held.fencingToken);
    const headers: Record<string, string> = fenceHeaders(lock);
    return inTask + lock.fencingToken + fenceOf(lock).token + Object.keys(headers).length;
  }
`;

/** The code above with the declaration that makes it right, and a lock that is not fenced even so. */
export const FENCED_CONSUMER = `
  ${UNFENCED_CONSUMER}
  declare module '${PACKAGE_NAME}' {
    interface LockDefaults {
      fencing: true;
    }
  }

  export async function declined(locks: LockService): Promise<number> {
    const lock = await locks.acquire('a', { fencing: false });
    // @ts-expect-error It has none.
    return lock.fencingToken;
  }
`;

/** An application under `exactOptionalPropertyTypes`, which gives options that it may not have. */
export const EXACT_CONSUMER = `
  import { RedlockBoardModule, type RedlockBoardOptions } from '${PACKAGE_NAME}/board';
  import { FenceGuard, type FenceGuardOptions } from '${PACKAGE_NAME}/fencing';
  import type { RedlockHealthOptions } from '${PACKAGE_NAME}/health';
  import type { InstrumentLocksOptions, RedlockOpenTelemetryOptions } from '${PACKAGE_NAME}/opentelemetry';
  import type { RedlockScheduleOptions } from '${PACKAGE_NAME}/schedule';
  import type { ApiLockedOptions } from '${PACKAGE_NAME}/swagger';
  import type { RedlockTestingOptions } from '${PACKAGE_NAME}/testing';
  import { Locked, LockInterceptor, RedlockModule, type LockService } from '${PACKAGE_NAME}';
  import type {
    CurrentLockOptions, ForceReleaseOptions, InspectOptions, LeaderElectionOptions, LeaderOnlyOptions, ListOptions,
    LockAnswer, LockAnswers, LockedOptions, LockInterceptorOptions, LockOptions, ReadyOptions, RedlockDefaults,
    RedlockModuleOptions, ResumeOptions, WithLockOptions,
  } from '${PACKAGE_NAME}';

  /** T where every property that may be left out may be undefined too. */
  type OrUndefined<T> = { [K in keyof T]: {} extends Pick<T, K> ? T[K] | undefined : T[K] };
  declare function given<T>(): OrUndefined<T>;

  export const options: [
    LockOptions, WithLockOptions, LockedOptions, LockInterceptorOptions, ResumeOptions, ReadyOptions, ListOptions,
    InspectOptions, ForceReleaseOptions, LeaderElectionOptions, LeaderOnlyOptions, CurrentLockOptions,
  ] = [
    given<LockOptions>(), given<WithLockOptions>(), given<LockedOptions>(), given<LockInterceptorOptions>(),
    given<ResumeOptions>(), given<ReadyOptions>(), given<ListOptions>(), given<InspectOptions>(),
    given<ForceReleaseOptions>(), given<LeaderElectionOptions>(), given<LeaderOnlyOptions>(),
    given<CurrentLockOptions>(),
  ];
  export const ofModules: [
    RedlockModuleOptions, RedlockDefaults, LockAnswers, LockAnswer, RedlockBoardOptions, FenceGuardOptions,
    RedlockHealthOptions, InstrumentLocksOptions, RedlockOpenTelemetryOptions, RedlockScheduleOptions,
    ApiLockedOptions, RedlockTestingOptions,
  ] = [
    given<RedlockModuleOptions>(), given<RedlockDefaults>(), given<LockAnswers>(), given<LockAnswer>(),
    given<RedlockBoardOptions>(), given<FenceGuardOptions>(), given<RedlockHealthOptions>(),
    given<InstrumentLocksOptions>(), given<RedlockOpenTelemetryOptions>(), given<RedlockScheduleOptions>(),
    given<ApiLockedOptions>(), given<RedlockTestingOptions>(),
  ];

  export class Orders {
    constructor(private readonly locks: LockService) {}

    @Locked('order:<0>', { onBusy: 'skip', label: undefined })
    async pay(id: string, signal?: AbortSignal, label?: string): Promise<number | undefined> {
      const left: number = await this.locks.withLock(id, { signal, label }, (lock) => lock.remainingMs);
      const lock = await this.locks.acquire(id, { fencing: true, maxHold: label === 'short' ? 1_000 : undefined });
      return left + lock.fencingToken;
    }
  }

  export const modules = [
    RedlockModule.forRoot({ nodes: [], keyPrefix: process.env['PREFIX'], name: process.env['NAME'] }),
    RedlockBoardModule.forRoot({ path: process.env['BOARD'], authorize: () => true }),
    LockInterceptor('x', { connection: process.env['NAME'] }),
    FenceGuard('x', { required: undefined }),
  ];
`;
