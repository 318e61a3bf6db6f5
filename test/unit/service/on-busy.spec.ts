import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { lastValueFrom, of, toArray, type Observable } from 'rxjs';
import {
  bindLockService,
  createLockService,
  LockBusyError,
  Locked,
  LockInterceptor,
  LockUnavailableError,
  MemoryLockNode,
  type LockService,
  type RedlockDefaults,
} from '../../../lib';
import { systemClock } from '../../../lib/system/system-clock';
import { FaultyNode } from '../../helpers/faulty-node';

const busyWith = (label: string) => async (error: LockBusyError) =>
  Promise.resolve(`${label}: ${error.code}`);

describe('a busy lock', () => {
  const node = new MemoryLockNode();
  const opened: LockService[] = [];
  const open = (defaults: RedlockDefaults = {}) => {
    const service = createLockService({
      nodes: [node],
      shutdownTimeout: 0,
      defaults: { wait: 0, ...defaults },
    });
    opened.push(service);
    return service;
  };

  beforeEach(async () => {
    await open().acquire('order:7');
  });
  afterEach(async () => {
    await Promise.all(
      opened.map((service) => node.inspect('order:7').then(() => service.forceRelease('order:7'))),
    );
    await Promise.all(opened.splice(0).map((service) => service.close()));
  });

  describe('of withLock', () => {
    it.each([
      ['throws', 'throw', undefined],
      ['is skipped', 'skip', undefined],
      ['comes to what the function returns', busyWith('mine'), 'mine: LOCK_BUSY'],
    ] as const)('%s by its onBusy', async (_what, onBusy, result) => {
      const task = jest.fn();

      const running = open().withLock('order:7', { onBusy }, task);

      if (onBusy === 'throw') await expect(running).rejects.toThrow(LockBusyError);
      else await expect(running).resolves.toBe(result);
      expect(task).not.toHaveBeenCalled();
    });

    it('comes to what the defaults of the module say, unless the call says otherwise', async () => {
      const skipping = open({ onBusy: 'skip' });
      const task = () => 'ran';

      await expect(skipping.withLock('order:7', task)).resolves.toBeUndefined();
      await expect(skipping.withLock('order:7', { ttl: 2_000 }, task)).resolves.toBeUndefined();
      await expect(skipping.withLock('order:7', { onBusy: 'throw' }, task)).rejects.toThrow(LockBusyError);
      await expect(open({ onBusy: busyWith('default') }).withLock('order:7', task)).resolves.toBe(
        'default: LOCK_BUSY',
      );
      await expect(skipping.withLock('order:8', task)).resolves.toBe('ran');
    });

    it('keeps the errors of the task and of acquire', async () => {
      const locks = open({ onBusy: 'skip' });

      await expect(locks.acquire('order:7')).rejects.toThrow(LockBusyError);
      await expect(locks.tryAcquire('order:7')).resolves.toBeNull();
    });

    it('is not what the task itself ran into', async () => {
      const locks = open();

      const running = locks.withLock('order:8', { onBusy: 'skip' }, () => locks.acquire('order:7'));

      await expect(running).rejects.toThrow(LockBusyError);
      expect(await locks.isLocked('order:8')).toBe(false);
    });

    it('hides no outage', async () => {
      const down = new FaultyNode('down', systemClock);
      down.fault = 'refused';
      const locks = createLockService({ nodes: [down], defaults: { wait: 0, onBusy: 'skip' } });

      await expect(locks.withLock('order:7', () => undefined)).rejects.toThrow(LockUnavailableError);
      await locks.close();
    });

    it('is none for code that holds it already', async () => {
      const locks = open({ onBusy: 'skip' });

      const ran = await locks.withLock('order:8', () => locks.withLock('order:8', () => 'inside'));

      expect(ran).toBe('inside');
    });

    it.each([7, null, 'ignore'])('refuses onBusy: %p', async (onBusy) => {
      const wrong = { onBusy } as never;

      await expect(open().withLock('order:7', wrong, () => 1)).rejects.toThrow(
        "onBusy: must be 'throw', 'skip'",
      );
      expect(() => open(wrong)).toThrow("defaults.onBusy: must be 'throw', 'skip'");
    });
  });

  describe('of a @Locked method and of a LockInterceptor', () => {
    class Orders {
      @Locked('order:7')
      async plain() {
        return Promise.resolve('ran');
      }
      @Locked('order:7', { onBusy: 'throw' })
      async throwing() {
        return Promise.resolve('ran');
      }
      @Locked('order:7', { onBusy: () => 'own' })
      async own() {
        return Promise.resolve('ran');
      }
      @Locked('order:7', { returns: 'observable' })
      stream() {
        return of('ran');
      }
      @Locked('order:7')
      async *generator() {
        yield await Promise.resolve('ran');
      }
    }
    const collect = async (generator: AsyncIterable<unknown>) => {
      const values: unknown[] = [];
      for await (const value of generator) values.push(value);
      return values;
    };

    it('is skipped by the defaults of the module, and only where they say nothing', async () => {
      const orders = bindLockService(new Orders(), open({ onBusy: 'skip' }));

      await expect(orders.plain()).resolves.toBeUndefined();
      await expect(orders.throwing()).rejects.toThrow(LockBusyError);
      await expect(orders.own()).resolves.toBe('own');
      await expect(lastValueFrom(orders.stream().pipe(toArray()))).resolves.toEqual([]);
      await expect(collect(orders.generator())).resolves.toEqual([]);
    });

    it('comes to what a function of the defaults returns', async () => {
      const orders = bindLockService(new Orders(), open({ onBusy: busyWith('default') }));

      await expect(orders.plain()).resolves.toBe('default: LOCK_BUSY');
      await expect(orders.own()).resolves.toBe('own');
      await expect(lastValueFrom(orders.stream())).resolves.toBe('default: LOCK_BUSY');
      await expect(collect(orders.generator())).resolves.toEqual(['default: LOCK_BUSY']);
    });

    it.each([
      ['skip', undefined],
      [busyWith('default'), 'default: LOCK_BUSY'],
    ] as const)('comes to %p around a handler', async (onBusy, result) => {
      const context = new ExecutionContextHost([{ params: { id: '7' } }]);
      const around = (options: object) =>
        new (LockInterceptor('order:<params.id>', options))(open({ onBusy })).intercept(context, {
          handle: () => of('ran'),
        }) as Observable<unknown>;

      await expect(lastValueFrom(around({}))).resolves.toBe(result);
      await expect(lastValueFrom(around({ onBusy: 'throw' }))).rejects.toThrow(LockBusyError);
      await expect(lastValueFrom(around({ onBusy: () => 'own' }))).resolves.toBe('own');
    });
  });
});

describe('isLocked', () => {
  const nodes = ['a', 'b', 'c'].map((name) => new FaultyNode(name, systemClock));
  let locks: LockService;

  beforeEach(() => {
    for (const node of nodes) node.fault = 'none';
    locks = createLockService({ nodes });
  });
  afterEach(async () => {
    await locks.close();
  });

  it('tells whether somebody holds it', async () => {
    expect(await locks.isLocked('order:7')).toBe(false);

    const lock = await locks.acquire('order:7');
    expect(await locks.isLocked('order:7')).toBe(true);

    await lock.release();
    expect(await locks.isLocked('order:7')).toBe(false);
  });

  it('throws when too few nodes answer to say, and tells why', async () => {
    for (const node of nodes.slice(1)) node.fault = 'refused';

    const asking = locks.isLocked('order:7');

    await expect(asking).rejects.toThrow(LockUnavailableError);
    await expect(asking).rejects.toMatchObject({
      votes: [{ node: 'a' }, { node: 'b', vote: 'failed' }, { node: 'c', vote: 'failed' }],
    });
  });

  it('refuses what is no resource', async () => {
    await expect(locks.isLocked('')).rejects.toThrow('A resource is empty');
  });
});
