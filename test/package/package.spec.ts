import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PackedPackage } from './packed-package';

/** The values among the documented public names. The types are in CONSUMER. */
const NAMES = [
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
const USE = `
  console.log(JSON.stringify(Object.entries(library).filter(([, value]) => typeof value === 'function').map(([name]) => name)));
  const locks = library.createLockService({ nodes: [new library.MemoryLockNode()] });
  locks.withLock('order:7', (lock) => lock.isHeld).then(async (held) => {
    console.log(JSON.stringify(held));
    await locks.close();
  });
`;

/** Prints the names of the sub-paths, which must have the same classes as the main entry. */
const USE_SUB_PATHS = `
  console.log(Object.keys(testing).filter((name) => /^[A-Zu]/.test(name)).sort().join());
  console.log(Object.keys(health).filter((name) => /^[A-Z]/.test(name)).sort().join());
  console.log(Object.keys(opentelemetry).filter((name) => /^[A-Zi]/.test(name)).sort().join());
  console.log(Object.keys(swagger).filter((name) => /^[A-Z]/.test(name)).sort().join());
  console.log(Object.keys(fencing).filter((name) => /^[A-Z][a-z]/.test(name)).sort().join());
  console.log(new fencing.StaleFenceError({ resources: ['a'], token: 1 }) instanceof library.LockError);
  const { providers } = testing.RedlockTestingModule.forRoot();
  console.log(providers.some(({ provide }) => provide === library.LockService));
`;

const SUB_PATH_NAMES = [
  'LockTester,RedlockTestingModule,useRedlockTesting',
  'RedlockHealthIndicator,RedlockHealthModule',
  'RedlockOpenTelemetryModule,instrumentLocks',
  'ApiLocked',
  'FenceException,FenceGuard,MemoryFenceStore,RedisFenceStore,RequestFence,StaleFenceError',
  'true',
  'true',
].join('\n');

const CONSUMER = `
  import { Injectable, Module } from '@nestjs/common';
  import { RedlockHealthIndicator, RedlockHealthModule } from 'nestjs-redlock/health';
  import { RedlockOpenTelemetryModule, instrumentLocks } from 'nestjs-redlock/opentelemetry';
  import { ApiLocked } from 'nestjs-redlock/swagger';
  import { LockTester, RedlockTestingModule, useRedlockTesting } from 'nestjs-redlock/testing';
  import { CurrentLock, Locked, LockBusyError, LockService, LockSignal, MemoryLockNode, RedlockModule, createLockService } from 'nestjs-redlock';
  import type { Lock, LockEvent, LockInspection, LockNode, LockOptions, RedlockModuleOptions, RedlockOptionsFactory } from 'nestjs-redlock';

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
    ],
    providers: [Orders],
  })
  export class AppModule {}

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

const UNFENCED_CONSUMER = `
  import type { LockService } from 'nestjs-redlock';
  import { fenceHeaders, fenceOf } from 'nestjs-redlock/fencing';

  export async function test(locks: LockService, options: { ttl: number }): Promise<number> {
    const lock = await locks.acquire('a', options);
    const inTask: number = await locks.withLock('a', (held) => held.fencingToken);
    const headers: Record<string, string> = fenceHeaders(lock);
    return inTask + lock.fencingToken + fenceOf(lock).token + Object.keys(headers).length;
  }
`;

/** The same, and what makes it right; and what is not fenced even so. */
const FENCED_CONSUMER = `
  ${UNFENCED_CONSUMER}
  declare module 'nestjs-redlock' {
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

describe('the packed package', () => {
  const packed = new PackedPackage();

  beforeAll(() => {
    packed.build();
  }, 180_000);

  afterAll(() => {
    packed.dispose();
  });

  it('has the documents that its README and they themselves link to', () => {
    const linksIn = (path: string) =>
      [...readFileSync(path, 'utf8').matchAll(/\]\(([^():#]+\.(?:md|yml|json))/g)].map(([, to = '']) =>
        join(path, '..', to),
      );
    const isDocument = (path: string) => path.startsWith(join(packed.installed, 'docs'));
    const fromReadme = linksIn(join(packed.installed, 'README.md')).filter(isDocument);
    expect(fromReadme.length).toBeGreaterThan(5);

    const all = [...fromReadme, ...fromReadme.flatMap(linksIn)].filter(isDocument);

    expect(all.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('gives every documented name, and a lock, to require', () => {
    expectToWork(runScript('use.cjs', `const library = require('nestjs-redlock'); ${USE}`));
  });

  it('gives every documented name, and a lock, to a native import', () => {
    expectToWork(runScript('use.mjs', `import * as library from 'nestjs-redlock'; ${USE}`));
  });

  it('gives the names of its sub-paths to require and to a native import', () => {
    const required = runScript(
      'sub-paths.cjs',
      `const library = require('nestjs-redlock'), testing = require('nestjs-redlock/testing'), health = require('nestjs-redlock/health'), opentelemetry = require('nestjs-redlock/opentelemetry'), fencing = require('nestjs-redlock/fencing'), swagger = require('nestjs-redlock/swagger'); ${USE_SUB_PATHS}`,
    );
    const imported = runScript(
      'sub-paths.mjs',
      `import * as library from 'nestjs-redlock'; import * as testing from 'nestjs-redlock/testing'; import * as health from 'nestjs-redlock/health'; import * as opentelemetry from 'nestjs-redlock/opentelemetry'; import * as fencing from 'nestjs-redlock/fencing'; import * as swagger from 'nestjs-redlock/swagger'; ${USE_SUB_PATHS}`,
    );

    expect([required.trim(), imported.trim()]).toEqual([SUB_PATH_NAMES, SUB_PATH_NAMES]);
  });

  it.each([
    ['@nestjs/terminus', 'health'],
    ['@opentelemetry/api', 'opentelemetry'],
    ['@nestjs/swagger', 'swagger'],
  ])('needs no %s but for its %s', (peer, subPath) => {
    packed.without(peer, () => {
      const output = runScript(
        'slim.cjs',
        `require('nestjs-redlock'); require('nestjs-redlock/testing'); console.log('fine');`,
      );

      expect(output.trim()).toBe('fine');
      expect(() => runScript('fat.cjs', `require('nestjs-redlock/${subPath}');`)).toThrow(peer);
    });
  });

  it('has a program, which starts without Nest', () => {
    const { bin, version } = JSON.parse(readFileSync(join(packed.installed, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
      version: string;
    };
    const file = join(packed.installed, bin['nestjs-redlock'] ?? '');

    packed.without('@nestjs/common', () => {
      expect(packed.run(file, '--version').trim()).toBe(version);
    });
    expect(readFileSync(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('lets a native import name what it needs', () => {
    const output = runScript(
      'named.mjs',
      `import { ${NAMES.join(', ')} } from 'nestjs-redlock'; console.log(typeof Locked);`,
    );

    expect(output.trim()).toBe('function');
  });

  // Under `node16` and `nodenext` a .mts file, since Nest 12 itself is for ES modules only.
  it.each([
    ['node16', 'node16', 'consumer.mts'],
    ['nodenext', 'nodenext', 'consumer.mts'],
    ['nodenext', 'nodenext', 'consumer.cts'],
    ['esnext', 'bundler', 'consumer.ts'],
  ])(
    'has types for a consumer with module %s and moduleResolution %s in %s',
    (module, moduleResolution, file) => {
      writeFileSync(join(packed.project, file), CONSUMER);

      const check = () =>
        packed.run(
          packed.tool('typescript/bin/tsc'),
          ...['--module', module, '--moduleResolution', moduleResolution, '--target', 'es2023'],
          ...[
            '--lib',
            'es2023,esnext.disposable',
            '--types',
            'node',
            '--strict',
            '--skipLibCheck',
            '--noEmit',
          ],
          ...['--experimentalDecorators', '--emitDecoratorMetadata', '--ignoreConfig', file],
        );

      expect(check).not.toThrow();
    },
  );

  it.each([
    ['node16', 'node16', 'fenced.mts'],
    ['esnext', 'bundler', 'fenced.ts'],
  ])(
    'lets an application say for all of its files that locks are fenced (module %s, moduleResolution %s)',
    (module, moduleResolution, file) => {
      writeFileSync(join(packed.project, file), FENCED_CONSUMER);
      writeFileSync(join(packed.project, `unfenced-${file}`), UNFENCED_CONSUMER);
      const check = (name: string) => () =>
        packed.run(
          packed.tool('typescript/bin/tsc'),
          ...['--module', module, '--moduleResolution', moduleResolution, '--target', 'es2023'],
          ...['--lib', 'es2023,esnext.disposable', '--types', 'node', '--strict', '--skipLibCheck'],
          ...['--noEmit', '--ignoreConfig', name],
        );

      expect(check(file)).not.toThrow();
      expect(check(`unfenced-${file}`)).toThrow(/'number \| undefined' is not assignable to type 'number'/);
    },
  );

  it('passes publint and are-the-types-wrong', () => {
    expect(() => packed.run(packed.tool('publint/src/cli.js'), packed.tarball, '--strict')).not.toThrow();
    expect(() =>
      packed.run(packed.tool('@arethetypeswrong/cli/dist/index.js'), packed.tarball),
    ).not.toThrow();
  });

  it('keeps its doc comments in the type declarations', () => {
    const types = readFileSync(join(packed.installed, 'dist', 'locking', 'lock-options.d.ts'), 'utf8');

    expect(types).toContain('@default 10_000');
  });

  function runScript(name: string, source: string): string {
    writeFileSync(join(packed.project, name), source);
    return packed.run(name);
  }
});

function expectToWork(output: string): void {
  const [names, held] = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(names).toEqual(expect.arrayContaining(NAMES));
  expect(held).toBe(true);
}
