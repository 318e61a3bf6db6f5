import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMPTY, lastValueFrom } from 'rxjs';
import * as ours from '../../../lib';
import { StaleFenceError } from '../../../lib/fencing';
import { RedlockTestingModule } from '../../../lib/testing';
import { LINE, VERSION } from '../../../lib/service/version';

type Library = typeof ours;
type Binding = typeof import('../../../lib/calls/lock-service-binding');
type Sharing = typeof import('../../../lib/calls/shared');

/** Another copy of the library, as a package of a monorepo may have it, on the same Nest. */
function loadCopy(version?: string): Library {
  return loadFromCopy('../../../lib', version) as Library;
}

function loadFromCopy(file: string, version?: string): unknown {
  let copy: unknown;
  jest.isolateModules(() => {
    jest.doMock('@nestjs/common', () => common);
    jest.doMock('@nestjs/core', () => core);
    if (version !== undefined) {
      const line = version.split('.').slice(0, 2).join('.');
      jest.doMock('../../../lib/service/version', () => ({ VERSION: version, LINE: line }));
    }
    copy = jest.requireActual(file);
  });
  jest.dontMock('../../../lib/service/version');
  return copy;
}

/** A package of the monorepo that knows only its own copy. */
function feature({ Locked, CurrentLock, LockService, LockInterceptor }: Library) {
  @common.Injectable()
  class Orders {
    constructor(readonly locks: ours.LockService) {}

    @Locked('order:<0>', { wait: 0, onBusy: () => [] })
    async pay(_id: string, hold: Promise<unknown>, @CurrentLock() lock?: ours.Lock) {
      await hold;
      return [...(lock?.resources ?? [])];
    }
  }
  Reflect.defineMetadata('design:paramtypes', [LockService], Orders);
  class Made {
    @Locked('order:<0>', { wait: 0 })
    async pay(id: string) {
      return Promise.resolve(id);
    }
  }
  return { Orders, Made, Interceptor: LockInterceptor('order:7', { wait: 0 }) };
}

describe('two copies of the library in one process', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('work together when their versions are compatible', async () => {
    const theirs = loadCopy();
    expect(theirs.LockService).not.toBe(ours.LockService);
    const { Orders, Made, Interceptor } = feature(theirs);
    const app = await Test.createTestingModule({
      imports: [ours.RedlockModule.forRoot({ nodes: [new ours.MemoryLockNode()] })],
      providers: [Orders, Interceptor, { provide: 'made', useFactory: () => new Made() }],
    }).compile();
    await app.init();
    const orders = app.get(Orders);
    expect(orders.locks).toBe(app.get(ours.LockService));

    expect(await orders.pay('7', Promise.resolve())).toEqual(['order:7']);
    await app.get(ours.LockService).withLock('order:7', async () => {
      expect(await orders.pay('7', Promise.resolve())).toEqual(['order:7']);
    });
    const held = await app.get(ours.LockService).acquire('order:7');
    expect(await orders.pay('7', Promise.resolve())).toEqual([]);
    const busy = app.get<InstanceType<typeof Made>>('made').pay('7');
    await expect(busy).rejects.toBeInstanceOf(theirs.LockBusyError);
    const context = {
      getType: () => 'rpc',
      getArgs: () => [],
      getHandler: () => () => undefined,
      getClass: () => Orders,
    } as unknown as common.ExecutionContext;
    const call = { handle: () => EMPTY };
    const intercepted = await app.get<common.NestInterceptor>(Interceptor).intercept(context, call);
    await expect(lastValueFrom(intercepted)).rejects.toBeInstanceOf(theirs.LockBusyError);
    await held.release();
    await app.close();
  });

  it.each([
    ['RedlockModule', () => ours.RedlockModule.forRoot({ nodes: [new ours.MemoryLockNode()] })],
    ['RedlockTestingModule', () => RedlockTestingModule.forRoot()],
  ])('work together where the other one is loaded after %s was imported', async (_which, forRoot) => {
    const module = forRoot();
    const { Orders } = feature(loadCopy());

    const app = await Test.createTestingModule({ imports: [module], providers: [Orders] }).compile();

    expect(app.get(Orders).locks).toBe(app.get(ours.LockService));
    await app.close();
  });

  describe('of which both have a module', () => {
    /** One module of the application brings its own copy, and another one without a module uses that copy too. */
    async function usersOf(theirs: Library, isGlobal: boolean) {
      const { Orders, Made } = feature(theirs);
      const own = { nodes: [new ours.MemoryLockNode()] };
      const module = theirs.RedlockModule.forRoot({ ...own, isGlobal });
      @common.Module({ imports: [module], providers: [Orders] })
      class Feature {}
      @common.Module({ providers: [Made, { provide: 'elsewhere', useClass: Orders }] })
      class Elsewhere {}
      const app = await Test.createTestingModule({
        imports: [ours.RedlockModule.forRoot(own), Elsewhere, Feature],
      }).compile();
      await app.init();
      return {
        app,
        inFeature: app.get(Orders).locks,
        elsewhere: app.get<{ locks: unknown }>('elsewhere').locks,
      };
    }

    it('each serve their own users, everywhere where the module is global', async () => {
      const theirs = loadCopy();

      const { app, inFeature, elsewhere } = await usersOf(theirs, true);

      expect(inFeature).toBeInstanceOf(theirs.LockService);
      expect(elsewhere).toBe(inFeature);
      expect(app.get(ours.LockService)).toBeInstanceOf(ours.LockService);
      await app.close();
    });

    it('serve the users of the other one too that do not see its module', async () => {
      const theirs = loadCopy();

      const { app, inFeature, elsewhere } = await usersOf(theirs, false);

      expect(inFeature).toBeInstanceOf(theirs.LockService);
      expect(elsewhere).toBe(app.get(ours.LockService));
      await app.close();
    });
  });

  it('have nothing in common when their versions are not compatible', async () => {
    const theirs = loadCopy('0.0.9');
    const app = Test.createTestingModule({
      imports: [ours.RedlockModule.forRoot({ nodes: [new ours.MemoryLockNode()] })],
      providers: [feature(theirs).Orders],
    });
    await expect(app.compile()).rejects.toThrow(
      /LockService: is injected as the class of @nest-quorum\/redlock 0\.0\.9 from .*npm ls/,
    );

    class Optionally {}
    Reflect.defineMetadata('design:paramtypes', [theirs.LockService], Optionally);
    common.Optional()(Optionally, undefined, 0);
    const without = await Test.createTestingModule({
      imports: [ours.RedlockModule.forRoot({ nodes: [new ours.MemoryLockNode()] })],
      providers: [Optionally],
    }).compile();
    await without.close();

    const file = '../../../lib/calls/lock-service-binding';
    const service = {} as ours.LockService;
    const instance = theirs.bindLockService({}, service);
    const boundBy = (version?: string) => (loadFromCopy(file, version) as Binding).boundLockService(instance);
    expect(boundBy('0.0.8')).toBe(service);
    expect(boundBy()).toBeUndefined();
    const sharedOf = (version?: string) =>
      (loadFromCopy('../../../lib/calls/shared', version) as Sharing).shared('a test', () => ({ version }));
    expect(sharedOf('0.0.9')).toBe(sharedOf('0.0.8'));
    expect(sharedOf()).not.toBe(sharedOf('0.0.9'));
  });

  it('know the errors of each other, and no others', () => {
    const theirs = loadCopy();
    const busy = new theirs.LockBusyError({ resources: ['a'], waitedMs: 1 });
    class Mine extends ours.LockBusyError {}

    expect(busy).toBeInstanceOf(ours.LockBusyError);
    expect(busy).toBeInstanceOf(ours.LockError);
    expect(busy).not.toBeInstanceOf(ours.LockUnavailableError);
    expect(busy).not.toBeInstanceOf(Mine);
    expect(new Mine({ resources: ['a'], waitedMs: 1 })).toBeInstanceOf(theirs.LockBusyError);
    expect(new Mine({ resources: ['a'], waitedMs: 1 }).name).toBe('Mine');
    expect(new Error('a')).not.toBeInstanceOf(ours.LockBusyError);
  });

  it('are named in the log of the start when they do not know of each other', async () => {
    const warn = jest.spyOn(common.Logger.prototype, 'warn').mockImplementation();
    loadCopy('0.0.9');
    const app = await Test.createTestingModule({
      imports: [ours.RedlockModule.forRoot({ nodes: [new ours.MemoryLockNode()] })],
    }).compile();

    await app.init();
    await app.close();

    expect(warn.mock.calls.flat().join()).toMatch(/0\.0\.9 from .*0\.1\.0 from|0\.1\.0 from .*0\.0\.9 from/);
  });

  it('tell their version as the package does', () => {
    const text = readFileSync(join(__dirname, '..', '..', '..', 'package.json'), 'utf8');

    expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
    expect(VERSION.startsWith(`${LINE}.`)).toBe(true);
  });
});

describe('the name of an error', () => {
  it.each(
    [...Object.entries(ours), ['StaleFenceError', StaleFenceError] as const].filter(
      ([name]) => name.endsWith('Error') && name !== 'LockError',
    ),
  )('%s is its own where the class was renamed by a bundler', (name, type) => {
    const { prototype } = type as { prototype: Error };

    expect(prototype.name).toBe(name);
  });
});
