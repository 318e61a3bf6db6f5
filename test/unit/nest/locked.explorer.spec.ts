import {
  Controller,
  Inject,
  Injectable,
  Module,
  Scope,
  type ModuleMetadata,
  type OnModuleInit,
} from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  createLockService,
  bindLockService,
  Locked,
  LockNotBoundError,
  LockService,
  MemoryLockNode,
  RedlockModule,
} from '../../../lib';

const redlock = (extras: { name?: string; isGlobal?: boolean } = {}) =>
  RedlockModule.forRoot({ nodes: [new MemoryLockNode()], ...extras });

async function start(metadata: ModuleMetadata) {
  const app = await Test.createTestingModule(metadata).compile();
  return app.init();
}

@Injectable()
class Orders {
  @Locked('order:<0>')
  async pay(id: string) {
    return Promise.resolve(`paid ${id}`);
  }
}

class Billing {
  @Locked('bill:<0>', { connection: 'billing' })
  async send(id: string) {
    return Promise.resolve(`sent ${id}`);
  }
}

describe('an object with locked methods finds its lock service', () => {
  it.each<[string, ModuleMetadata]>([
    ['a class', { providers: [Orders] }],
    ['useClass', { providers: [{ provide: Orders, useClass: Orders }] }],
    ['useFactory', { providers: [{ provide: Orders, useFactory: () => new Orders() }] }],
    [
      'an async useFactory',
      { providers: [{ provide: Orders, useFactory: () => Promise.resolve(new Orders()) }] },
    ],
    ['useValue', { providers: [{ provide: Orders, useValue: new Orders() }] }],
    ['a frozen useValue', { providers: [{ provide: Orders, useValue: Object.freeze(new Orders()) }] }],
  ])('as a provider made by %s', async (_way, metadata) => {
    const app = await start({ imports: [redlock()], ...metadata });

    await expect(app.get(Orders).pay('7')).resolves.toBe('paid 7');
    await app.close();
  });

  it('as a class that freezes itself', async () => {
    @Injectable()
    class Frozen extends Orders {
      constructor() {
        super();
        Object.freeze(this);
      }
    }
    const app = await start({ imports: [redlock()], providers: [Frozen] });

    await expect(app.get(Frozen).pay('7')).resolves.toBe('paid 7');
    await app.close();
  });

  it('as a subclass that injects properties of its own', async () => {
    @Injectable()
    class Derived extends Orders {
      @Inject('TAX') readonly tax!: number;
      @Locked('order:<0>')
      override async pay(id: string) {
        return `${await super.pay(id)} with ${String(this.tax)}`;
      }
    }
    const app = await start({ imports: [redlock()], providers: [Derived, { provide: 'TAX', useValue: 2 }] });

    await expect(app.get(Derived).pay('7')).resolves.toBe('paid 7 with 2');
    await app.close();
  });

  it('as a controller', async () => {
    @Controller()
    class OrderController extends Orders {}
    const app = await start({ imports: [redlock()], controllers: [OrderController] });

    await expect(app.get(OrderController).pay('7')).resolves.toBe('paid 7');
    await app.close();
  });

  it('as a request-scoped and as a transient provider', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Orders {}
    @Injectable({ scope: Scope.TRANSIENT })
    class PerUser extends Orders {}
    const app = await start({ imports: [redlock()], providers: [PerRequest, PerUser] });

    const perRequest = await app.resolve(PerRequest, ContextIdFactory.create());
    await expect(perRequest.pay('7')).resolves.toBe('paid 7');
    await expect((await app.resolve(PerUser)).pay('7')).resolves.toBe('paid 7');
    await app.close();
  });

  it('in onModuleInit already', async () => {
    let early: unknown;
    class Early extends Orders implements OnModuleInit {
      async onModuleInit() {
        early = await this.pay('7');
      }
    }
    const app = await start({
      imports: [redlock()],
      providers: [{ provide: Early, useFactory: () => new Early() }],
    });

    expect(early).toBe('paid 7');
    await app.close();
  });

  it('of the name it asks for', async () => {
    const app = await start({
      imports: [redlock(), redlock({ name: 'billing' })],
      providers: [Orders, { provide: Billing, useFactory: () => new Billing() }],
    });

    await expect(app.get(Orders).pay('7')).resolves.toBe('paid 7');
    await expect(app.get(Billing).send('7')).resolves.toBe('sent 7');
    await app.close();
  });

  it('of the module that it sees, when several have none of their own name', async () => {
    const west = redlock({ isGlobal: false });
    const east = redlock({ isGlobal: false });
    const modules = [west, east].map((locks) => {
      class Where {
        @Locked('where')
        async resources(asked: LockService) {
          return Promise.resolve(asked.current()?.resources);
        }
      }
      @Module({
        imports: [locks],
        providers: [
          { provide: 'SERVICE', useExisting: LockService },
          { provide: Where, useFactory: () => new Where() },
          {
            provide: 'FOUND',
            useFactory: (where: Where, service: LockService) => ({ where, service }),
            inject: [Where, 'SERVICE'],
          },
        ],
      })
      class Side {}
      return Side;
    });
    const app = await start({ imports: modules });

    for (const side of modules) {
      const { where, service } = app
        .select(side)
        .get<{ where: { resources(l: LockService): Promise<unknown> }; service: LockService }>('FOUND');
      await expect(where.resources(service)).resolves.toEqual(['where']);
    }
    await app.close();
  });

  it('when it was bound by hand before, and keeps that one', async () => {
    const mine = createLockService({ nodes: [new MemoryLockNode()] });
    class Which {
      @Locked('which')
      async isMine() {
        return Promise.resolve(mine.current() !== undefined);
      }
    }
    const app = await start({
      imports: [redlock()],
      providers: [{ provide: Which, useFactory: () => bindLockService(new Which(), mine) }],
    });

    await expect(app.get(Which).isMine()).resolves.toBe(true);
    await app.close();
    await mine.close();
  });

  it.each([
    ['as it is', new Orders()],
    ['frozen', Object.freeze(new Orders())],
  ])('of the next application, when it outlives the one before: %s', async (_, shared) => {
    for (let i = 0; i < 2; i++) {
      const app = await start({ imports: [redlock()], providers: [{ provide: Orders, useValue: shared }] });

      await expect(app.get(Orders).pay('7')).resolves.toBe('paid 7');
      await app.close();
    }
  });

  it('of its own application, when two in one process use the same class', async () => {
    const [one, two] = [
      await start({ imports: [redlock()], providers: [Orders] }),
      await start({ imports: [redlock()], providers: [Orders] }),
    ];
    await using _lock = await one.get(LockService).acquire('order:7');

    await expect(two.get(Orders).pay('7')).resolves.toBe('paid 7');
    await two.close();
    await expect(two.get(Orders).pay('7')).rejects.toThrow('closed');
    await expect(one.get(Orders).pay('8')).resolves.toBe('paid 8');
    await _lock.release();
    await one.close();
  });
});

describe('the application does not start', () => {
  it.each<[string, ModuleMetadata]>([
    ['a class', { providers: [Billing] }],
    ['useFactory', { providers: [{ provide: Billing, useFactory: () => new Billing() }] }],
    ['a controller', { controllers: [Billing] }],
  ])('when %s asks for a name that no RedlockModule has', async (_way, metadata) => {
    const starting = start({ imports: [redlock()], ...metadata });

    await expect(starting).rejects.toThrow(LockNotBoundError);
    await expect(starting).rejects.toMatchObject({ method: 'Billing.send', connection: 'billing' });
  });

  it('when a request-scoped class asks for a name that no RedlockModule has', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Billing {}

    await expect(start({ imports: [redlock()], providers: [PerRequest] })).rejects.toThrow(LockNotBoundError);
  });

  it('when a class stands in a module that does not see the lock service', async () => {
    @Module({ providers: [Orders] })
    class Outside {}

    await expect(start({ imports: [redlock({ isGlobal: false }), Outside] })).rejects.toThrow(
      LockNotBoundError,
    );
  });
});

it('asks strangers nothing: proxies and mocks among the providers do no harm', async () => {
  const touchy = new Proxy(
    {},
    {
      get: (_target, key) => {
        // What Nest itself asks for.
        if (typeof key === 'string' && /^(then|constructor|on[A-Z]|before[A-Z])/.test(key)) return undefined;
        throw new Error(`asked for ${String(key)}`);
      },
    },
  );

  const app = await start({
    imports: [redlock()],
    providers: [
      { provide: 'TOUCHY', useValue: touchy },
      { provide: 'NOTHING', useValue: null },
      { provide: 'VOID', useFactory: () => undefined },
      { provide: 'BARE', useValue: Object.create(null) as object },
      { provide: 'TEXT', useValue: 'text' },
      { provide: 'LATE', useFactory: () => new Orders(), scope: Scope.REQUEST },
    ],
  });

  expect(app.get('TOUCHY')).toBe(touchy);
  await app.close();
});

it('without a RedlockModule, a call rejects and the method does not run', async () => {
  const app = await start({ providers: [Orders] });

  await expect(app.get(Orders).pay('7')).rejects.toThrow(LockNotBoundError);
  await app.close();
});
