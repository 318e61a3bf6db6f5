import { Controller, Get, Injectable, UseInterceptors, type ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Limited,
  Locked,
  LockInterceptor,
  LockOptionsError,
  LockService,
  MemoryLockNode,
  RedlockModule,
  type LockOptions,
} from '../../../lib';
import type { LockKey } from '../../../lib';

const WRONG: [LockKey & (string | object), LockOptions, string][] = [
  [['a', 'b'], { limit: 2 }, 'limit'],
  [['a:<0>', 'b:<0>'], { limit: 2 }, 'limit'],
  [{ shared: 'a' }, { limit: 2 }, 'limit'],
  [[{ shared: 'a' }], { limit: 2 }, 'limit'],
  [['a', { shared: 'b' }], { limit: 2 }, 'limit'],
  [{ shared: 'a' }, { fencing: true }, 'fencing'],
  [[{ shared: 'a' }, { shared: 'b:<0>' }], { fencing: true }, 'fencing'],
  [{ shared: 'a' }, { holdAtLeast: 100 }, 'holdAtLeast'],
  [[{ shared: 'a' }], { holdAtLeast: 100 }, 'holdAtLeast'],
];

const RIGHT: [LockKey & (string | object), LockOptions][] = [
  [['a', 'a'], { limit: 2 }],
  [['a', { shared: 'a' }], { limit: 2 }],
  [['a', { shared: 'b' }], { fencing: true, holdAtLeast: 1 }],
  [{ shared: 'a' }, { fencing: false, holdAtLeast: 0 }],
];

const errorOf = (define: () => unknown): LockOptionsError => {
  try {
    define();
  } catch (error) {
    return error as LockOptionsError;
  }
  throw new Error('it was defined');
};

/** `@Locked` as code that was compiled elsewhere uses it. */
const locked = Locked as (key: LockKey, options: LockOptions) => ReturnType<typeof Locked>;

describe('options that do not go together with the key of their place', () => {
  it.each(WRONG)('are refused when the class is defined: %j, %j', (key, options, option) => {
    const error = errorOf(() => {
      class Orders {
        @locked(key, options)
        async pay() {}
      }
      return Orders;
    });

    expect(error).toBeInstanceOf(LockOptionsError);
    expect(error.option).toBe(option);
    expect(error.message).toMatch(/^@Locked on Orders\.pay: /);
  });

  it.each(WRONG)('are refused when the interceptor is made: %j, %j', (key, options, option) => {
    const error = errorOf(() => LockInterceptor(key, options));

    expect(error).toBeInstanceOf(LockOptionsError);
    expect(error.option).toBe(option);
    expect(error.message).toMatch(/^LockInterceptor\(.+\): /);
  });

  it('are refused for @Limited too', () => {
    const define = () => {
      class Orders {
        @Limited(['a', 'b'] as LockKey, { limit: 2 })
        async pay() {}
      }
      return Orders;
    };

    expect(define).toThrow(/Orders\.pay: limit: is for one exclusive resource/);
  });

  it.each(RIGHT)('are not refused where a call can have them: %j, %j', async (key, options) => {
    @Injectable()
    class Orders {
      @locked(key, options)
      pay() {
        return Promise.resolve('paid');
      }
    }

    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      providers: [Orders],
    }).compile();
    await app.init();

    await expect(app.get(Orders).pay()).resolves.toBe('paid');
    await app.close();
  });

  it('are those of the module only for locks that can have them', async () => {
    @Controller()
    @UseInterceptors(LockInterceptor({ shared: 'a' }, { ttl: 5_000, autoExtend: false }))
    class Reports {
      @Get()
      @Locked({ shared: 'a' }, { ttl: 5_000, autoExtend: false })
      read() {
        return Promise.resolve('read');
      }
    }
    const defaults = { fencing: true, holdAtLeast: 8_000 };

    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()], defaults })],
      controllers: [Reports],
    }).compile();
    await app.init();

    await expect(app.get(Reports).read()).resolves.toBe('read');
    await app.close();
  });
});

/** As nodes of users are that know nothing of readers and permits. */
class PlainNode extends MemoryLockNode {
  override readonly sharing = false as unknown as true;
}

describe('options that the lock nodes cannot have', () => {
  it.each([{ mode: 'shared' }, { limit: 2 }, { fair: true }] satisfies LockOptions[])(
    'are refused when the application starts: %j',
    async (options) => {
      @Injectable()
      class Orders {
        @locked('a', options)
        async pay() {}
      }
      const app = await Test.createTestingModule({
        imports: [RedlockModule.forRoot({ nodes: [new PlainNode({ name: 'plain' })] })],
        providers: [Orders],
      }).compile();

      const starting = app.init();

      await expect(starting).rejects.toThrow(/^@Locked on Orders\.pay: .*"plain".*sharing: true/);
      expect(() => {
        app.get(LockService).checkOptions(options);
      }).toThrow(LockOptionsError);
      // Before Nest 12, that of the application would tell of the failed start once more.
      await app.get(LockService).close();
    },
  );

  it.each<[string, LockKey & (string | object)]>([
    ['read', ['a', { shared: 'b' }]],
    ['read, of templates', [{ shared: 'rates:<0>' }, 'account:<0>']],
  ])(
    'are refused when the application starts: resources beside others that are only %s',
    async (_what, key) => {
      @Injectable()
      class Orders {
        @locked(key, {})
        async pay(id: string) {
          return Promise.resolve(id);
        }
      }
      const refusal = /^@Locked on Orders\.pay: mode: .*"plain".*sharing: true/;

      await expect(startOnPlainNode({ providers: [Orders] })).rejects.toThrow(refusal);
    },
  );

  it('are refused when the application starts: such a key of an interceptor', async () => {
    @Controller()
    @UseInterceptors(LockInterceptor(['a', { shared: 'b' }]))
    class Orders {
      @Get()
      pay() {
        return 'paid';
      }
    }
    const refusal = /^LockInterceptor\(.*\): mode: .*"plain".*sharing: true/;

    await expect(startOnPlainNode({ controllers: [Orders] })).rejects.toThrow(refusal);
  });

  it('are refused at the call where the key is not known before', async () => {
    @Injectable()
    class Orders {
      @Locked(() => ['a', { shared: 'b' }])
      async pay() {
        return Promise.resolve('paid');
      }

      @Locked(['a', { shared: 'a' }])
      async exclusive() {
        return Promise.resolve('paid');
      }
    }
    const app = await startOnPlainNode({ providers: [Orders] });

    await expect(app.get(Orders).exclusive()).resolves.toBe('paid');
    await expect(app.get(Orders).pay()).rejects.toThrow(/^mode: .*"plain".*sharing: true/);
    await app.close();
  });
});

async function startOnPlainNode(metadata: ModuleMetadata) {
  const nodes = [new PlainNode({ name: 'plain' })];
  const app = await Test.createTestingModule({
    ...metadata,
    imports: [RedlockModule.forRoot({ nodes })],
  }).compile();
  return app.init();
}
