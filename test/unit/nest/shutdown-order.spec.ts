import {
  Global,
  Inject,
  Injectable,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  getLockServiceToken,
  LockService,
  LockUnavailableError,
  MemoryLockNode,
  RedlockModule,
} from '../../../lib';
import { nestMajor } from '../../helpers/nest-major';

/** As the workers of a queue: the application waits for the job at the end, and the job takes its lock in its middle. */
class Queue {
  locks: LockService | undefined;
  outcome: unknown;

  async finishJob(): Promise<void> {
    await sleep(5);
    this.outcome = await this.locks?.withLock('order:7', () => 'done').catch((error: unknown) => error);
  }
}

@Injectable()
class Worker implements OnApplicationShutdown {
  constructor(private readonly queue: Queue) {}

  onApplicationShutdown(): Promise<void> {
    return this.queue.finishJob();
  }
}

function queueModule(queue: Queue, isGlobal: boolean, awaiting: 'provider' | 'module'): DynamicModule {
  class QueueModule implements OnApplicationShutdown {
    onApplicationShutdown(): Promise<void> | undefined {
      return awaiting === 'module' ? queue.finishJob() : undefined;
    }
  }
  return {
    module: QueueModule,
    global: isGlobal,
    providers: [{ provide: Queue, useValue: queue }, ...(awaiting === 'provider' ? [Worker] : [])],
    exports: [Queue],
  };
}

const BOOLEANS = [true, false];
const ARRANGEMENTS = BOOLEANS.flatMap((redlockIsGlobal) =>
  BOOLEANS.flatMap((queueIsGlobal) =>
    (['first', 'last', 'deep'] as const).flatMap((place) =>
      (['provider', 'module', 'root'] as const).map((awaiting) => ({
        redlockIsGlobal,
        queueIsGlobal,
        place,
        awaiting,
      })),
    ),
  ),
);

describe('at the shutdown of an application', () => {
  it.each(ARRANGEMENTS)(
    'work that it awaits gets its locks: $redlockIsGlobal $queueIsGlobal $place $awaiting',
    async ({ redlockIsGlobal, queueIsGlobal, place, awaiting }) => {
      const queue = new Queue();
      const redlock = RedlockModule.forRoot({ nodes: [new MemoryLockNode()], isGlobal: redlockIsGlobal });
      const other = queueModule(queue, queueIsGlobal, awaiting === 'module' ? 'module' : 'provider');
      const quiet = { ...other, providers: [{ provide: Queue, useValue: queue }] };
      @Module({ imports: [redlock] })
      class Deep {}
      const base = place === 'deep' ? Deep : redlock;
      const work = awaiting === 'root' ? quiet : other;
      @Module({
        imports: place === 'first' ? [base, work] : [work, base],
        providers: awaiting === 'root' ? [Worker] : [],
      })
      class App {}
      const app = await Test.createTestingModule({ imports: [App] }).compile();
      await app.init();
      const locks = app.get(LockService, { strict: false });
      queue.locks = locks;

      await app.close();

      expect(queue.outcome).toBe('done');
      await expect(locks.acquire('order:7')).rejects.toThrow(LockUnavailableError);
    },
  );

  it('the hook of a module is called as ever, once', async () => {
    const calls: unknown[] = [];
    @Global()
    @Module({})
    class Own {
      // Of the object, and not of its class.
      onApplicationShutdown = (signal?: string) => {
        calls.push(['own', this instanceof Own, signal]);
      };
    }
    @Module({ imports: [Own, RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })] })
    class App implements OnApplicationShutdown {
      onApplicationShutdown(signal?: string) {
        calls.push(['root', this instanceof App, signal]);
      }
    }
    const app = await Test.createTestingModule({ imports: [App] }).compile();
    await app.init();
    const own = Object.getOwnPropertyDescriptor(app.get(Own), 'onApplicationShutdown');

    await app.close('SIGTERM');

    expect(calls).toEqual(
      expect.arrayContaining([
        ['own', true, 'SIGTERM'],
        ['root', true, 'SIGTERM'],
      ]),
    );
    expect(calls).toHaveLength(2);
    expect(Object.getOwnPropertyDescriptor(app.get(Own), 'onApplicationShutdown')).toEqual(own);
    expect(Object.hasOwn(app.get(App), 'onApplicationShutdown')).toBe(false);
  });

  it('a module that is made for each request, whose hook Nest does not call, is not waited for', async () => {
    const hook = jest.fn();
    @Module({})
    class PerRequest implements OnApplicationShutdown {
      constructor(@Inject(REQUEST) readonly request: unknown) {}

      onApplicationShutdown() {
        hook();
      }
    }
    const app = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }), PerRequest],
    }).compile();
    await app.init();

    await app.close();

    expect(hook).not.toHaveBeenCalled();
    await expect(app.get(LockService).acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });

  it.each([true, false])(
    'a module that was loaded lazily, whose hooks Nest does not call, is not waited for: isGlobal %s',
    async (isGlobal) => {
      const hook = jest.fn();
      @Module({})
      class LoadedEarly {}
      @Module({})
      class LoadedLate implements OnApplicationShutdown {
        onApplicationShutdown() {
          hook();
        }
      }
      @Injectable()
      class Plugins implements OnModuleInit {
        constructor(private readonly loader: LazyModuleLoader) {}

        async onModuleInit() {
          await this.loader.load(() => LoadedEarly);
        }
      }
      const queue = new Queue();
      const app = await Test.createTestingModule({
        imports: [
          RedlockModule.forRoot({ nodes: [new MemoryLockNode()], isGlobal }),
          queueModule(queue, false, 'provider'),
        ],
        providers: [Plugins],
      }).compile();
      await app.init();
      await app.get(LazyModuleLoader).load(() => LoadedLate);
      const locks = app.get(LockService, { strict: false });
      queue.locks = locks;

      await app.close();

      expect(hook).not.toHaveBeenCalled();
      expect(queue.outcome).toBe('done');
      await expect(locks.acquire('order:7')).rejects.toThrow(LockUnavailableError);
    },
  );

  it('a lock service of a module that was loaded lazily is closed after the work', async () => {
    const queue = new Queue();
    const app = await Test.createTestingModule({
      imports: [queueModule(queue, false, 'provider')],
    }).compile();
    await app.init();
    const loaded = await app
      .get(LazyModuleLoader)
      .load(() => RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }));
    queue.locks = loaded.get(LockService);

    await app.close();

    expect(queue.outcome).toBe('done');
    await expect(loaded.get(LockService).acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });

  it('a module whose hook fails leaves no lock service open, but before Nest 12, where close() does that', async () => {
    @Module({ imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })] })
    class App implements OnApplicationShutdown {
      async onApplicationShutdown() {
        return Promise.reject(new Error('the queue is gone'));
      }
    }
    const app = await Test.createTestingModule({ imports: [App] }).compile();
    app.useLogger(false);
    await app.init();
    const locks = app.get(LockService);

    const closed = app.close();

    if (nestMajor < 12) {
      // It calls no other hook after that.
      await expect(closed).rejects.toThrow('the queue is gone');
      await expect(locks.withLock('order:7', () => 'open')).resolves.toBe('open');
      await locks.close();
    } else {
      await closed;
    }
    await expect(locks.acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });

  it('a module that cannot be changed is no error, and the work gets its locks', async () => {
    const queue = new Queue();
    @Module({})
    class Frozen {
      constructor() {
        Object.freeze(this);
      }
    }
    @Module({})
    class WithHook {
      constructor() {
        Object.defineProperty(this, 'onApplicationShutdown', { value: () => undefined });
      }
    }
    const app = await Test.createTestingModule({
      imports: [
        Frozen,
        RedlockModule.forRoot({ nodes: [new MemoryLockNode()] }),
        WithHook,
        queueModule(queue, false, 'provider'),
      ],
    }).compile();
    const logger = { log: jest.fn(), warn: jest.fn(), error: jest.fn() };
    app.useLogger(logger);
    await app.init();
    const locks = app.get(LockService);
    queue.locks = locks;

    await app.close();

    expect(logger.error).not.toHaveBeenCalled();
    expect(queue.outcome).toBe('done');
    await expect(locks.acquire('order:7')).rejects.toThrow(LockUnavailableError);
  });

  it('several lock services are closed after the work', async () => {
    const queue = new Queue();
    const names = ['billing', undefined];
    const app = await Test.createTestingModule({
      imports: [
        ...names.map((name) => RedlockModule.forRoot({ name, nodes: [new MemoryLockNode()] })),
        queueModule(queue, false, 'provider'),
      ],
    }).compile();
    await app.init();
    queue.locks = app.get(getLockServiceToken('billing'), { strict: false });

    await app.close();

    expect(queue.outcome).toBe('done');
    for (const name of names) {
      const locks = app.get<LockService>(getLockServiceToken(name), { strict: false });
      await expect(locks.acquire('order:7')).rejects.toThrow(LockUnavailableError);
    }
  });
});
