import {
  CanActivate,
  Controller,
  Get,
  Injectable,
  Module,
  Scope,
  Sse,
  UseGuards,
  UseInterceptors,
  type ModuleMetadata,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EMPTY, type Observable } from 'rxjs';
import {
  Limited,
  Locked,
  LockInterceptor,
  LockNotBoundError,
  LockOptionsError,
  MemoryLockNode,
  RedlockModule,
  type LockOptions,
  type RedlockModuleOptions,
} from '../../../lib';
import { warningsForEachTest } from '../../helpers/logged-warnings';

type ModuleOptions = Partial<RedlockModuleOptions> & { name?: string; isGlobal?: boolean };

const redlock = (options: ModuleOptions = {}) =>
  RedlockModule.forRoot({ nodes: [new MemoryLockNode()], ...options });

async function start(metadata: ModuleMetadata) {
  const app = await Test.createTestingModule(metadata).compile();
  await app.init();
  await app.close();
}

const errorOf = async (starting: Promise<void>): Promise<Error> => {
  try {
    await starting;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it started');
};

const warnings = warningsForEachTest();

const WRONG: [string, LockOptions, ModuleOptions][] = [
  ['a ttl above maxTtl', { ttl: 70_000 }, {}],
  ['a ttl not above nodeTimeout', { ttl: 800 }, { nodeTimeout: 800 }],
  ['holdAtLeast above ttl without autoExtend', { holdAtLeast: 10_001, autoExtend: false }, {}],
  ['holdAtLeast above maxHold of the module', { holdAtLeast: 5_000 }, { defaults: { maxHold: 4_000 } }],
  [
    'holdAtLeast above ttl of the module without autoExtend',
    { holdAtLeast: 9_000, autoExtend: false },
    { defaults: { ttl: 8_000 } },
  ],
];

describe('the application does not start', () => {
  it.each(WRONG)('with %s on a locked method', async (_what, options, module) => {
    @Injectable()
    class Orders {
      @Locked('order', options)
      async pay() {}
    }

    const error = await errorOf(start({ imports: [redlock(module)], providers: [Orders] }));

    expect(error).toBeInstanceOf(LockOptionsError);
    const [option = ''] = Object.keys(options);
    expect(error).toMatchObject({ option });
    expect(error.message).toMatch(new RegExp(`^@Locked on Orders\\.pay: ${option}: \\d+ is not possible`));
  });

  it.each(WRONG)('with %s on a LockInterceptor', async (_what, options, module) => {
    @Controller()
    class Orders {
      @Get()
      @UseInterceptors(LockInterceptor('order:<params.id>', options))
      pay() {}
    }

    const error = await errorOf(start({ imports: [redlock(module)], controllers: [Orders] }));

    expect(error).toBeInstanceOf(LockOptionsError);
    expect(error.message).toMatch(/^LockInterceptor\("order:<params\.id>"\): \w+: \d+ is not possible/);
  });

  it('with such options on what is made per request, by a factory, or where it is used', async () => {
    class Wrong {
      @Locked('order', { ttl: 70_000 })
      async pay() {}
    }
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Wrong {}
    @Injectable()
    class Guard extends Wrong implements CanActivate {
      canActivate() {
        return true;
      }
    }
    @Controller()
    @UseGuards(Guard)
    class Guarded {}

    const imports = [redlock()];
    for (const metadata of [
      { providers: [PerRequest] },
      { providers: [{ provide: 'MADE', useFactory: () => new Wrong() }] },
      { controllers: [Guarded] },
    ]) {
      await expect(start({ imports, ...metadata })).rejects.toThrow('ttl: 70000 is not possible');
    }
  });

  it('with options that only the lock service of another name would take', async () => {
    class Slow {
      @Locked('order', { ttl: 70_000, connection: 'slow' })
      async pay() {}
    }
    class Wrong {
      @Locked('order', { ttl: 70_000 })
      async pay() {}
    }
    const imports = [redlock(), redlock({ name: 'slow', maxTtl: 100_000 })];

    await expect(start({ imports, providers: [Slow] })).resolves.toBeUndefined();
    await expect(start({ imports, providers: [Wrong] })).rejects.toThrow('@Locked on Wrong.pay: ttl');
  });

  it('with a name that no RedlockModule has, and tells which there are', async () => {
    class Billing {
      @Locked('bill', { connection: 'biling' })
      async send() {}
    }

    const error = await errorOf(
      start({ imports: [redlock(), redlock({ name: 'billing' })], providers: [Billing] }),
    );

    expect(error).toBeInstanceOf(LockNotBoundError);
    expect(error.message).toBe(
      'Billing.send is locked, but no RedlockModule has a lock service named "biling". The known ones are: one without a ' +
        'name, "billing". Correct its `connection`, or import another RedlockModule with that `name`.',
    );
  });

  it('with a guard whose locked method sees no lock service', async () => {
    @Injectable()
    class Guard implements CanActivate {
      @Locked('guard', { connection: 'billing' })
      async canActivate() {
        return Promise.resolve(true);
      }
    }
    @Controller()
    @UseGuards(Guard)
    class Guarded {}

    await expect(start({ imports: [redlock()], controllers: [Guarded] })).rejects.toThrow(LockNotBoundError);
  });

  it('with a module that does not see the lock service, and tells which', async () => {
    @Injectable()
    class Orders {
      @Locked('order')
      async pay() {}
    }
    @Module({ providers: [Orders] })
    class Outside {}

    const error = await errorOf(start({ imports: [redlock({ isGlobal: false }), Outside] }));

    expect(error.message).toBe(
      'Orders.pay is locked, but its module Outside does not see a lock service without a name, since that ' +
        'RedlockModule has isGlobal: false. Import it in Outside, or leave out isGlobal.',
    );
  });

  it('with a LockInterceptor of a name that no RedlockModule has', async () => {
    @Controller()
    class Orders {
      @Get()
      @UseInterceptors(LockInterceptor('order', { connection: 'billing' }))
      pay() {}
    }

    await expect(start({ imports: [redlock()], controllers: [Orders] })).rejects.toThrow(/billing/);
  });
});

describe('the start of the application warns once', () => {
  class Orders {
    @Locked('order:<0>')
    async pay(id: string) {
      return Promise.resolve(id);
    }
  }

  class LockedAgain extends Orders {
    @Locked('order:<0>')
    override async pay(id: string) {
      return Promise.resolve(id);
    }
  }

  it.each<[string, new () => Orders, string]>([
    [
      'of an override that is not locked',
      class Plain extends Orders {
        override async pay(id: string) {
          return Promise.resolve(id);
        }
      },
      'Plain.pay overrides Orders.pay',
    ],
    [
      'of one further down',
      class Further extends class Between extends Orders {
        override async pay(id: string) {
          return Promise.resolve(id);
        }
      } {},
      'Between.pay overrides Orders.pay',
    ],
    [
      'of an arrow in the place of the method',
      class Arrow extends Orders {
        override pay = async (id: string) => Promise.resolve(id);
      },
      'Arrow.pay overrides Orders.pay',
    ],
    [
      'of a getter in the place of the method',
      class Getter extends (Orders as new () => object) {
        get pay() {
          return async (id: string) => Promise.resolve(id);
        }
      },
      'Getter.pay overrides Orders.pay',
    ],
  ])('%s', async (_what, override, warning) => {
    await start({
      imports: [redlock(), redlock({ name: 'other' })],
      providers: [override, { provide: 'AGAIN', useFactory: () => new override() }],
    });

    expect(warnings.filter((text) => text.includes('overrides'))).toEqual([
      expect.stringMatching(new RegExp(`^${warning}, which is @Locked, .* Put @Locked on it too`)),
    ]);
  });

  it('of an override by the name of the decorator that is missing', async () => {
    class Seats {
      @Limited('seats', { limit: 2 })
      async pay(id: string) {
        return Promise.resolve(id);
      }
    }
    class Free extends Seats {
      override async pay(id: string) {
        return Promise.resolve(id);
      }
    }

    await start({ imports: [redlock()], providers: [Free] });

    expect(warnings.filter((text) => text.includes('overrides'))).toEqual([
      expect.stringMatching(/^Free\.pay overrides Seats\.pay, which is @Limited, .* Put @Limited on it too/),
    ]);
  });

  it('of several global modules of one name, whose locks would not exclude each other', async () => {
    class Feature {}
    const shared = redlock({ name: 'shared' });
    Module({ imports: [redlock({ keyPrefix: 'b:' }), redlock({ name: 'jobs', keyPrefix: 'b:' }), shared] })(
      Feature,
    );

    await start({ imports: [redlock(), redlock({ name: 'jobs' }), shared, Feature] });

    expect(warnings.toSorted()).toEqual([
      expect.stringMatching(/^2 global RedlockModules with the name "jobs" make 2 lock services/),
      expect.stringMatching(/^2 global RedlockModules without a name make .* once, in the root module/),
    ]);
  });

  it('and not of several that are not global', async () => {
    class Feature {}
    Module({ imports: [redlock({ isGlobal: false, keyPrefix: 'b:' })] })(Feature);

    await start({ imports: [redlock({ isGlobal: false }), Feature] });

    expect(warnings).toEqual([]);
  });

  const LONG = LockInterceptor('feed');
  const SHORT = LockInterceptor('feed', { maxHold: 60_000 });
  class Feeds {
    @Sse('locked')
    @Locked('feed')
    locked(): Observable<object> {
      return EMPTY;
    }
    @Sse('intercepted')
    @UseInterceptors(LONG)
    intercepted(): Observable<object> {
      return EMPTY;
    }
    @Sse('bounded')
    @Locked('feed', { maxHold: 60_000 })
    bounded(): Observable<object> {
      return EMPTY;
    }
    @Sse('meant')
    @Locked('feed', { maxHold: Infinity })
    @UseInterceptors(SHORT)
    meant(): Observable<object> {
      return EMPTY;
    }
    @Get('plain')
    @Locked('feed')
    plain(): Observable<object> {
      return EMPTY;
    }
    @Sse('free')
    free(): Observable<object> {
      return EMPTY;
    }
  }
  Controller()(Feeds);

  it('of server-sent events under a lock that nothing ends', async () => {
    await start({ imports: [redlock(), redlock({ name: 'other' })], controllers: [Feeds] });

    expect(warnings.filter((text) => text.includes('maxHold')).sort()).toEqual([
      expect.stringMatching(/^Feeds\.intercepted sends events under a lock without maxHold.*Set maxHold/),
      expect.stringMatching(/^Feeds\.locked sends events/),
    ]);
  });

  it('and not of server-sent events where the module has a maxHold', async () => {
    await start({ imports: [redlock({ defaults: { maxHold: 60_000 } })], controllers: [Feeds] });

    expect(warnings).toEqual([]);
  });

  it.each<[string, new () => Orders]>([
    ['is locked itself', LockedAgain],
    [
      'goes on to the locked one',
      class CallsSuper extends Orders {
        override async pay(id: string) {
          return super.pay(`${id}!`);
        }
      },
    ],
    ['is none', class Nothing extends Orders {}],
  ])('and not of an override that %s', async (_what, override) => {
    await start({ imports: [redlock()], providers: [override] });

    expect(warnings).toEqual([]);
  });
});
