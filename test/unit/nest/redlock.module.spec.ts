import { Global, Inject, Injectable, Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  getLockServiceToken,
  InjectLockService,
  LockOptionsError,
  LockService,
  MemoryLockNode,
  RedlockModule,
  type RedlockModuleOptions,
  type RedlockOptionsFactory,
} from '../../../lib';

const options = (): RedlockModuleOptions => ({ nodes: [new MemoryLockNode()] });

async function start(metadata: ModuleMetadata) {
  const app = await Test.createTestingModule(metadata).compile();
  return app.init();
}

describe('RedlockModule', () => {
  describe('forRoot', () => {
    it('gives every module a lock service that works', async () => {
      @Injectable()
      class Orders {
        constructor(readonly locks: LockService) {}
      }
      @Module({ providers: [Orders] })
      class OrderModule {}

      const app = await start({ imports: [RedlockModule.forRoot(options()), OrderModule] });

      await expect(app.get(Orders).locks.withLock('order:7', () => 'done')).resolves.toBe('done');
      await app.close();
    });

    it.each<[string, (redlock: DynamicModule) => void]>([
      [
        'adds to the lists of the module',
        ({ providers = [], exports = [] }) => {
          providers.push({ provide: 'region', useValue: 'north' });
          exports.push('region');
        },
      ],
      [
        'puts in the place of the lists',
        (redlock) => {
          redlock.providers = [...(redlock.providers ?? []), { provide: 'region', useValue: 'north' }];
          redlock.exports = [...(redlock.exports ?? []), 'region'];
        },
      ],
    ])('keeps what an application %s', async (_how, change) => {
      const redlock = RedlockModule.forRoot({ ...options(), isGlobal: false });
      change(redlock);
      @Injectable()
      class Orders {
        constructor(@Inject('region') readonly region: string) {}
      }
      @Module({ imports: [redlock], providers: [Orders] })
      class OrderModule {}

      const app = await start({ imports: [OrderModule] });

      expect(app.get(Orders, { strict: false }).region).toBe('north');
      await app.close();
    });

    it('gives it only to importing modules when isGlobal is false', async () => {
      @Injectable()
      class Orders {
        constructor(readonly locks: LockService) {}
      }
      const locks = RedlockModule.forRoot({ ...options(), isGlobal: false });
      @Module({ providers: [Orders] })
      class Outside {}
      @Module({ imports: [locks], providers: [Orders] })
      class Inside {}

      await expect(start({ imports: [locks, Outside] })).rejects.toThrow('LockService');
      const app = await start({ imports: [Inside] });
      expect(app.get(Orders).locks).toBeInstanceOf(LockService);
      await app.close();
    });

    it('keeps the options of several apart, each for the module that imports it', async () => {
      const locksOfItsOwn = () => RedlockModule.forRoot({ nodes: [new MemoryLockNode()], isGlobal: false });
      @Injectable()
      class Orders {
        constructor(readonly locks: LockService) {}
      }
      @Injectable()
      class Mails {
        constructor(readonly locks: LockService) {}
      }
      @Module({ imports: [locksOfItsOwn()], providers: [Orders] })
      class OrderModule {}
      @Module({ imports: [locksOfItsOwn()], providers: [Mails] })
      class MailModule {}

      const app = await start({ imports: [OrderModule, MailModule] });

      expect(app.get(Orders).locks).not.toBe(app.get(Mails).locks);
      await app.get(Orders).locks.withLock('a', async () => {
        expect(await app.get(Mails).locks.isLocked('a')).toBe(false);
      });
      await app.close();
    });

    it('keeps several apart by their names', async () => {
      const shared = new MemoryLockNode();
      @Injectable()
      class Orders {
        constructor(
          readonly locks: LockService,
          @InjectLockService() readonly same: LockService,
          @InjectLockService('billing') readonly billing: LockService,
          @Inject(getLockServiceToken('billing')) readonly sameBilling: LockService,
        ) {}
      }

      const app = await start({
        imports: [
          RedlockModule.forRoot({ nodes: [shared] }),
          RedlockModule.forRoot({ nodes: [shared], keyPrefix: 'billing:', name: 'billing' }),
        ],
        providers: [Orders],
      });
      const { locks, same, billing, sameBilling } = app.get(Orders);

      expect(locks).toBe(same);
      expect(billing).toBe(sameBilling);
      expect(billing).not.toBe(locks);
      await app.close();
    });

    it.each<[string, object]>([
      ['nodes', { nodes: [] }],
      ['ttl', { nodes: [new MemoryLockNode()], defaults: { ttl: 'long' } }],
      ['keyprefix', { nodes: [new MemoryLockNode()], keyprefix: 'x' }],
      ['exceptionFilter', { nodes: [new MemoryLockNode()], exceptionFilter: 'no' }],
    ])('fails the start of the application with the name of the wrong option %s', async (option, wrong) => {
      const starting = start({ imports: [RedlockModule.forRoot(wrong as RedlockModuleOptions)] });

      await expect(starting).rejects.toThrow(LockOptionsError);
      await expect(starting).rejects.toThrow(option);
    });

    it.each<[string, object]>([
      ['isGlobal', { isGlobal: 'yes' }],
      ['name', { name: '' }],
    ])('refuses a wrong %s', (option, wrong) => {
      expect(() => RedlockModule.forRoot({ ...options(), ...wrong })).toThrow(
        expect.objectContaining({ option }) as Error,
      );
    });
  });

  describe('forRootAsync', () => {
    @Injectable()
    class Config implements RedlockOptionsFactory {
      static made = 0;
      asked = 0;
      readonly prefix = 'async:';
      constructor() {
        Config.made += 1;
      }
      createRedlockOptions() {
        this.asked += 1;
        return Promise.resolve({ ...options(), keyPrefix: this.prefix });
      }
    }
    @Module({ providers: [Config], exports: [Config] })
    class ConfigModule {}

    beforeEach(() => {
      Config.made = 0;
    });

    it('takes the options from useFactory, with what is injected', async () => {
      const useFactory = jest.fn((_config: Config, _extra: string) => Promise.resolve(options()));

      const app = await start({
        imports: [
          RedlockModule.forRootAsync({
            imports: [ConfigModule],
            inject: [Config, 'EXTRA', { token: 'MISSING', optional: true }],
            extraProviders: [{ provide: 'EXTRA', useValue: 'extra' }],
            useFactory,
          }),
        ],
      });

      expect(useFactory).toHaveBeenCalledWith(app.get(Config), 'extra', undefined);
      await expect(app.get(LockService).withLock('a', () => 'done')).resolves.toBe('done');
      await app.close();
    });

    it('makes an instance of useClass', async () => {
      const app = await start({ imports: [RedlockModule.forRootAsync({ useClass: Config })] });

      expect(Config.made).toBe(1);
      await expect(app.get(LockService).withLock('a', () => 'done')).resolves.toBe('done');
      await app.close();
    });

    it('asks the one instance that exists with useExisting', async () => {
      const app = await start({
        imports: [RedlockModule.forRootAsync({ imports: [ConfigModule], useExisting: Config })],
      });

      expect(Config.made).toBe(1);
      expect(app.get(Config).asked).toBe(1);
      await app.close();
    });

    it('takes a name and isGlobal like forRoot', async () => {
      @Module({
        providers: [
          {
            provide: 'PROBE',
            useFactory: (locks?: LockService) => locks ?? 'none',
            inject: [{ token: getLockServiceToken('billing'), optional: true }],
          },
        ],
      })
      class Elsewhere {}

      const app = await start({
        imports: [
          RedlockModule.forRootAsync({ useFactory: options, name: 'billing', isGlobal: false }),
          Elsewhere,
        ],
      });

      expect(app.get('PROBE')).toBe('none');
      expect(app.get(getLockServiceToken('billing'))).toBeInstanceOf(LockService);
      await app.close();
    });

    it.each<[string, object]>([
      ['none', {}],
      ['2', { useFactory: options, useClass: Config }],
      ['2', { useClass: Config, useExisting: Config }],
    ])('refuses %s of the three ways', (count, ways) => {
      const register = () => RedlockModule.forRootAsync(ways);

      expect(register).toThrow(LockOptionsError);
      expect(register).toThrow(`exactly one of useFactory, useClass, useExisting, but has ${count}`);
    });

    it.each<[string, object | undefined]>([
      ['maxTtl', { ...options(), maxTtl: 0 }],
      ['name', { ...options(), name: 'billing' }],
      ['isGlobal', { ...options(), isGlobal: false }],
      ['options', undefined],
    ])('fails the start of the application with the name of the wrong option %s', async (option, made) => {
      const starting = start({
        imports: [RedlockModule.forRootAsync({ useFactory: () => made as RedlockModuleOptions })],
      });

      await expect(starting).rejects.toThrow(LockOptionsError);
      await expect(starting).rejects.toMatchObject({ option });
    });
  });

  it('lets a test put another lock service in its place', async () => {
    @Global()
    @Module({ imports: [RedlockModule.forRoot({ nodes: ['redis://127.0.0.1:1'] })] })
    class Production {}
    const fake = { withLock: () => 'fake' };

    const app = await Test.createTestingModule({ imports: [Production] })
      .overrideProvider(LockService)
      .useValue(fake)
      .compile();

    expect(app.get(LockService)).toBe(fake);
    await app.close();
  });
});
