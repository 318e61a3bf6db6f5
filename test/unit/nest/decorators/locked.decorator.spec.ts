import {
  bindLockService,
  createLockService,
  Locked,
  LockBusyError,
  LockKeyError,
  LockLostError,
  LockNotBoundError,
  LockOptionsError,
  LockReentrancyError,
  LockUnavailableError,
  MemoryLockNode,
  RedlockModule,
  type LockService,
} from '../../../../lib';
import { systemClock } from '../../../../lib/system/system-clock';
import { deferred } from '../../../helpers/deferred';
import { FaultyNode } from '../../../helpers/faulty-node';
import { loseLock } from '../../../helpers/lose-lock';

describe('@Locked', () => {
  let locks: LockService;

  beforeEach(() => {
    locks = createLockService({ nodes: [new MemoryLockNode()], defaults: { wait: 0 } });
  });

  afterEach(async () => {
    await locks.close();
  });

  it('runs the method under the lock of its arguments, and gives the lock back', async () => {
    class Orders {
      readonly tax = 2;
      @Locked('order:<0>')
      async pay(id: string, amount: number) {
        return Promise.resolve({ total: amount + this.tax, held: locks.current()?.resources, id });
      }
    }
    const orders = bindLockService(new Orders(), locks);

    await expect(orders.pay('7', 1)).resolves.toEqual({ total: 3, held: ['order:7'], id: '7' });
    expect((await locks.inspect('order:7')).state).toBe('free');
  });

  it('takes a lock with a fencing token for those who ask, larger at every call', async () => {
    class Orders {
      @Locked('order:<0>', { fencing: true })
      async pay(_id: string) {
        return Promise.resolve(locks.current()?.fencingToken ?? 0);
      }
    }
    const orders = bindLockService(new Orders(), locks);

    const first = await orders.pay('7');

    expect(first).toBeGreaterThan(0);
    expect(await orders.pay('7')).toBeGreaterThan(first);
  });

  it('passes the error of the method as it is, and gives the lock back', async () => {
    const error = new Error('mine');
    class Orders {
      @Locked('order:<0>')
      pay(_id: string): Promise<void> {
        throw error; // before any promise
      }
    }
    const orders = bindLockService(new Orders(), locks);

    await expect(orders.pay('7')).rejects.toBe(error);
    expect((await locks.inspect('order:7')).state).toBe('free');
  });

  it('keeps a second caller of the same key out, and lets one of another key in', async () => {
    const gate = deferred();
    class Orders {
      @Locked('order:<0>')
      async pay(_id: string) {
        await gate.promise;
        return 'paid';
      }
    }
    const orders = bindLockService(new Orders(), locks);

    const first = orders.pay('7');
    const other = orders.pay('8');
    await expect(orders.pay('7')).rejects.toThrow(LockBusyError);
    gate.resolve();

    await expect(Promise.all([first, other])).resolves.toEqual(['paid', 'paid']);
  });

  it('locks all resources of several templates, or none', async () => {
    const run = jest.fn(() => Promise.resolve());
    class Accounts {
      @Locked(['account:<0.from>', 'account:<0.to>'])
      transfer(_dto: { from: number; to: number }): Promise<void> {
        return run();
      }
    }
    const accounts = bindLockService(new Accounts(), locks);
    const lock = await locks.acquire('account:2');

    await expect(accounts.transfer({ from: 1, to: 2 })).rejects.toThrow(LockBusyError);
    expect(run).not.toHaveBeenCalled();
    expect((await locks.inspect('account:1')).state).toBe('free');
    await lock.release();
    await accounts.transfer({ from: 1, to: 2 });
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('takes the key from a function of the arguments and the instance', async () => {
    class Stock {
      readonly region = 'eu';
      @Locked(function (this: Stock, sku: string) {
        return `${this.region}/${sku}`;
      })
      async reserve(_sku: string) {
        return Promise.resolve(locks.current()?.resources);
      }
    }

    await expect(bindLockService(new Stock(), locks).reserve('a:b')).resolves.toEqual(['eu/a:b']);
  });

  it('asks no node, and does not run the method, when a value of the key is missing', async () => {
    const run = jest.fn(() => Promise.resolve());
    class Orders {
      @Locked('order:<0.id>')
      pay(_order: { id?: string }): Promise<void> {
        return run();
      }
    }
    const events: string[] = [];
    locks.events$.subscribe(({ type }) => events.push(type));

    await expect(bindLockService(new Orders(), locks).pay({})).rejects.toThrow(LockKeyError);
    expect(run).not.toHaveBeenCalled();
    expect(events).toEqual([]);
  });

  it('rejects with LockLostError when the lock was lost while the method ran', async () => {
    class Orders {
      @Locked('order:<0>')
      async pay(_id: string) {
        await loseLock(locks);
        return 'paid';
      }
    }

    await expect(bindLockService(new Orders(), locks).pay('7')).rejects.toThrow(LockLostError);
  });

  describe('onLost', () => {
    const onLost = jest.fn((_error: LockLostError, id: string) => `lost ${id}`);
    class Orders {
      @Locked('order:<0>', { onLost: 'ignore' })
      async ignores(_id: string) {
        await loseLock(locks);
        return 'paid';
      }
      @Locked('order:<0>', { onLost })
      async falls(_id: string) {
        await loseLock(locks);
        return 'paid';
      }
      @Locked('order:<0>', { onLost })
      async stopsAtTheSignal(_id: string) {
        const signal = locks.current()?.signal;
        await loseLock(locks);
        signal?.throwIfAborted();
        return 'paid';
      }
      @Locked('order:<0>', { onLost: 'ignore' })
      async stopsWithoutAResult(_id: string): Promise<string> {
        const signal = locks.current()?.signal;
        await loseLock(locks);
        throw signal?.reason;
      }
      @Locked('order:<0>', { onLost })
      async failsApart(_id: string): Promise<string> {
        await loseLock(locks);
        throw new RangeError('mine');
      }
      @Locked('order:<0>', { onLost })
      async keeps(_id: string) {
        return Promise.resolve('paid');
      }
      @Locked('outer', { onLost })
      async losesAnother(_id: string): Promise<string> {
        return locks.withLock('inner', async () => {
          await loseLock(locks);
          return 'paid';
        });
      }
    }
    let orders: Orders;

    beforeEach(() => {
      onLost.mockClear();
      orders = bindLockService(new Orders(), locks);
    });

    it("'ignore' resolves to the result of the method", async () => {
      await expect(orders.ignores('7')).resolves.toBe('paid');
    });

    it("'ignore' has no result to give of a method that stopped at the signal", async () => {
      await expect(orders.stopsWithoutAResult('7')).rejects.toThrow(LockLostError);
    });

    it('as a function gives its result, from the error and what the method gets', async () => {
      await expect(orders.falls('7')).resolves.toBe('lost 7');
      expect(onLost).toHaveBeenCalledWith(expect.any(LockLostError), '7');
    });

    it('as a function is asked too when the method stopped at the signal', async () => {
      await expect(orders.stopsAtTheSignal('7')).resolves.toBe('lost 7');
    });

    it('does not touch an error of the method, though the lock is lost', async () => {
      await expect(orders.failsApart('7')).rejects.toThrow(RangeError);
      expect(onLost).not.toHaveBeenCalled();
    });

    it('does not touch a call that keeps its lock, nor the loss of another lock', async () => {
      await expect(orders.keeps('7')).resolves.toBe('paid');
      await expect(orders.losesAnother('7')).rejects.toThrow(LockLostError);
      expect(onLost).not.toHaveBeenCalled();
    });
  });

  describe('on an object without a lock service', () => {
    const run = jest.fn(() => Promise.resolve());
    class Orders {
      @Locked('order:<0>', { connection: 'billing' })
      pay(_id: string): Promise<void> {
        return run();
      }
    }

    it('rejects with LockNotBoundError and does not run the method', async () => {
      await expect(new Orders().pay('7')).rejects.toThrow(LockNotBoundError);
      await expect(new Orders().pay('7')).rejects.toMatchObject({
        method: 'Orders.pay',
        connection: 'billing',
      });
      expect(run).not.toHaveBeenCalled();
    });

    it('does so when it is called without its object', async () => {
      const orders = bindLockService(new Orders(), locks, 'billing');
      const pay: (id: string) => Promise<void> = Reflect.get(orders, 'pay');

      await expect(pay('7')).rejects.toThrow(LockNotBoundError);
      await expect(pay('7')).rejects.toThrow('it was called without its object');
      await expect(pay.call(setTimeout, '7')).rejects.toThrow('it was called without its object');
    });

    it('tells of the import while there is no module, and of the constructor when there is one', async () => {
      class Early {
        readonly early: Promise<void> = this.pay();
        @Locked('early', { connection: 'early' })
        async pay() {}
      }

      await expect(new Early().early).rejects.toThrow('Import RedlockModule.forRoot({ name: "early", … })');

      RedlockModule.forRoot({ nodes: [new MemoryLockNode()], name: 'early' });
      const { early } = new Early();
      await expect(early).rejects.toThrow(
        'call the method in onModuleInit() or later, and not in the constructor',
      );
      await expect(early).rejects.not.toThrow('Import');
    });

    it('does so when the object has a service of another name', async () => {
      await expect(bindLockService(new Orders(), locks).pay('7')).rejects.toThrow(LockNotBoundError);
    });
  });

  describe('bindLockService', () => {
    class Orders {
      readonly id = 1;
      @Locked('order:<0>')
      async pay(_id: string) {
        return Promise.resolve('paid');
      }
    }

    it('binds a frozen object', async () => {
      await expect(bindLockService(Object.freeze(new Orders()), locks).pay('7')).resolves.toBe('paid');
    });

    it('leaves nothing to see on the object', () => {
      const orders = bindLockService(new Orders(), locks);

      expect(Object.assign({}, orders)).toStrictEqual({ id: 1 });
      expect(orders).toEqual(new Orders());
    });

    it('works through a proxy of the object', async () => {
      await expect(new Proxy(bindLockService(new Orders(), locks), {}).pay('7')).resolves.toBe('paid');
      await expect(bindLockService(new Proxy(new Orders(), {}), locks).pay('7')).resolves.toBe('paid');
    });

    it('gives two objects of one class two services', async () => {
      const others = createLockService({ nodes: [new MemoryLockNode()] });
      class Who {
        @Locked('who')
        async service() {
          return Promise.resolve([locks, others].filter((service) => service.current() !== undefined));
        }
      }

      await expect(bindLockService(new Who(), locks).service()).resolves.toEqual([locks]);
      await expect(bindLockService(new Who(), others).service()).resolves.toEqual([others]);
      await others.close();
    });
  });

  describe('in a class hierarchy', () => {
    class Base {
      @Locked('order:<0>')
      async pay(id: string): Promise<string[]> {
        return Promise.resolve([`base ${id}`]);
      }
    }

    it('lets an override call super under the same key', async () => {
      class Derived extends Base {
        @Locked('order:<0>')
        override async pay(id: string) {
          return ['derived', ...(await super.pay(id))];
        }
      }

      await expect(bindLockService(new Derived(), locks).pay('7')).resolves.toEqual(['derived', 'base 7']);
    });

    it('makes that a LockReentrancyError where reentrant is false', async () => {
      class Derived extends Base {
        @Locked('order:<0>')
        async twice(id: string) {
          return this.once(id);
        }
        @Locked('order:<0>', { reentrant: false })
        async once(id: string) {
          return Promise.resolve(id);
        }
      }

      await expect(bindLockService(new Derived(), locks).twice('7')).rejects.toThrow(LockReentrancyError);
    });

    it('works on a method that a subclass inherits', async () => {
      class Derived extends Base {}

      await expect(bindLockService(new Derived(), locks).pay('7')).resolves.toEqual(['base 7']);
    });

    it('does not lock an override that does not say so', async () => {
      class Derived extends Base {
        override async pay(_id: string) {
          return Promise.resolve([String(locks.current()?.resources)]);
        }
      }

      await expect(new Derived().pay('7')).resolves.toEqual(['undefined']);
    });
  });

  describe('onBusy', () => {
    const run = jest.fn((): Promise<string | undefined> => Promise.resolve('ran'));
    class Jobs {
      readonly fallback = 'later';
      @Locked('job', { onBusy: 'skip' })
      skips(): Promise<string | undefined> {
        return run();
      }
      @Locked('job', {
        onBusy(this: Jobs, id: string) {
          return `${id} ${this.fallback}`;
        },
      })
      falls(_id: string): Promise<string | undefined> {
        return run();
      }
      @Locked('job', {
        onBusy: () => {
          throw new RangeError('mine');
        },
      })
      failsBusy(): Promise<string | undefined> {
        return run();
      }
    }

    beforeEach(() => run.mockClear());

    it("'skip' resolves to undefined and does not run the method", async () => {
      await using _lock = await locks.acquire('job');

      await expect(bindLockService(new Jobs(), locks).skips()).resolves.toBeUndefined();
      expect(run).not.toHaveBeenCalled();
    });

    it('as a function gives its result, from what the method gets', async () => {
      await using _lock = await locks.acquire('job');

      await expect(bindLockService(new Jobs(), locks).falls('report')).resolves.toBe('report later');
    });

    it('as a function may fail in its own way', async () => {
      await using _lock = await locks.acquire('job');

      await expect(bindLockService(new Jobs(), locks).failsBusy()).rejects.toThrow(RangeError);
    });

    it('does not touch a call that gets its lock', async () => {
      await expect(bindLockService(new Jobs(), locks).skips()).resolves.toBe('ran');
    });

    it('does not hide a busy lock that the method itself runs into', async () => {
      await using _lock = await locks.acquire('inner');
      class Nested {
        @Locked('outer', { onBusy: 'skip' })
        async run(): Promise<string | undefined> {
          await locks.acquire('inner');
          return 'ran';
        }
      }

      await expect(bindLockService(new Nested(), locks).run()).rejects.toThrow(LockBusyError);
    });

    it('does not hide an outage', async () => {
      const node = new FaultyNode('n1', systemClock);
      node.fault = 'refused';
      const down = createLockService({ nodes: [node], defaults: { wait: 0 } });

      await expect(bindLockService(new Jobs(), down).skips()).rejects.toThrow(LockUnavailableError);
      expect(run).not.toHaveBeenCalled();
      await down.close();
    });
  });

  describe('onUnavailable', () => {
    const run = jest.fn((): Promise<string> => Promise.resolve('ran'));
    class Jobs {
      readonly fallback = 'later';
      @Locked('job', {
        onUnavailable(this: Jobs, id: string) {
          return `${id} ${this.fallback}`;
        },
      })
      falls(_id: string): Promise<string> {
        return run();
      }
    }

    beforeEach(() => run.mockClear());

    it('gives its result when too few nodes answered, from what the method gets', async () => {
      const node = new FaultyNode('n1', systemClock);
      node.fault = 'refused';
      const down = createLockService({ nodes: [node], defaults: { wait: 0 } });

      await expect(bindLockService(new Jobs(), down).falls('report')).resolves.toBe('report later');
      expect(run).not.toHaveBeenCalled();
      await down.close();
    });

    it('leaves a busy lock an error, and a call that gets its lock alone', async () => {
      const lock = await locks.acquire('job');

      await expect(bindLockService(new Jobs(), locks).falls('report')).rejects.toThrow(LockBusyError);
      await lock.release();
      await expect(bindLockService(new Jobs(), locks).falls('report')).resolves.toBe('ran');
    });

    it('is a function', () => {
      expect(() => Locked('job', { onUnavailable: 'skip' as 'throw' })).toThrow(LockOptionsError);
    });
  });

  describe('when the class is defined', () => {
    const define = (decorator: unknown, target: object, descriptor?: PropertyDescriptor) => {
      (decorator as (target: object, name: string, descriptor?: PropertyDescriptor) => void)(
        target,
        'pay',
        descriptor,
      );
    };

    it('refuses a bad template and a bad option', () => {
      expect(() => Locked('order:<01>')).toThrow(LockKeyError);
      expect(() => Locked('order', { ttl: 0 })).toThrow(LockOptionsError);
    });

    it('refuses a static method, an accessor and a property', () => {
      class Orders {}

      expect(() => {
        define(Locked('x'), Orders, { value: () => undefined });
      }).toThrow('Orders.pay is static');
      expect(() => {
        define(Locked('x'), Orders.prototype, { get: () => undefined });
      }).toThrow('Orders.pay is not a method');
      expect(() => {
        define(Locked('x'), Orders.prototype);
      }).toThrow('Orders.pay is not a method');
    });

    it('refuses a class', () => {
      class Orders {}
      const place = (target: object) => () => (Locked('x') as (...args: unknown[]) => unknown)(target);

      expect(place(Orders)).toThrow('@Locked: stands on the class Orders. Put it on each method');
    });
  });
});
