import { Controller, Get, UseInterceptors, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { firstValueFrom, Observable, of } from 'rxjs';
import {
  bindLockService,
  createLockService,
  CurrentLock,
  Locked,
  LockInterceptor,
  LockOptionsError,
  LockSignal,
  MemoryLockNode,
  type Lock,
  type LockService,
} from '../../../../lib';
import { RedlockTestingModule } from '../../../../lib/testing';

class Orders {
  constructor(private readonly locks: LockService) {}

  @Locked('order:<0>')
  async pay(id: string, @CurrentLock() lock?: Lock, @LockSignal() signal?: AbortSignal) {
    return Promise.resolve({ id, lock, signal, current: this.locks.current() });
  }

  @Locked('order:<0>')
  async named(_id: string, @CurrentLock('order:7') seven?: Lock, @CurrentLock({ resource: 'x' }) x?: Lock) {
    return Promise.resolve([seven?.resources, x]);
  }

  @Locked('outer')
  @Locked('inner')
  async twice(
    @CurrentLock() innermost?: Lock,
    @CurrentLock('outer') outer?: Lock,
    @CurrentLock('inner') inner?: Lock,
  ) {
    return Promise.resolve([innermost, outer, inner].map((lock) => lock?.resources.join()));
  }

  @Locked('invoice', { connection: 'billing' })
  async bill(
    @CurrentLock() any?: Lock,
    @CurrentLock({ connection: 'billing' }) billing?: Lock,
    @CurrentLock({ connection: 'other' }) other?: Lock,
  ) {
    return Promise.resolve([any, billing, other].map((lock) => lock?.resources.join()));
  }

  @Locked('stream')
  values(@CurrentLock() lock?: Lock): Observable<readonly string[] | undefined> {
    return of(lock?.resources);
  }

  @Locked('rows')
  async *rows(@LockSignal() signal?: AbortSignal): AsyncGenerator<boolean | undefined> {
    yield await Promise.resolve(signal?.aborted);
  }

  async unlocked(@CurrentLock() lock?: Lock) {
    return Promise.resolve(lock);
  }
}

class MoreOrders extends Orders {
  @Locked('more')
  override async pay(id: string, lock?: Lock, signal?: AbortSignal) {
    return Promise.resolve({ id, lock, signal, current: undefined });
  }
}

describe('@CurrentLock and @LockSignal', () => {
  let locks: LockService;
  let orders: Orders;

  beforeEach(() => {
    locks = createLockService({ nodes: [new MemoryLockNode()] });
    orders = bindLockService(bindLockService(new Orders(locks), locks), locks, 'billing');
  });

  afterEach(() => locks.close());

  it('are filled by @Locked, whatever the caller leaves out', async () => {
    const { id, lock, signal, current } = await orders.pay('7');

    expect(id).toBe('7');
    expect(lock).toBe(current);
    expect(lock?.resources).toEqual(['order:7']);
    expect(signal).toBe(lock?.signal);
  });

  it('take the place of what the caller passes', async () => {
    const { signal, current } = await orders.pay('7', undefined, AbortSignal.abort());

    expect(signal?.aborted).toBe(false);
    expect(signal).toBe(current?.signal);
  });

  it('take a lock by its resource', async () => {
    await expect(orders.named('7')).resolves.toEqual([['order:7'], undefined]);
    await expect(orders.named('8')).resolves.toEqual([undefined, undefined]);
  });

  it('take the innermost lock of several, and an outer one by its resource', async () => {
    await expect(orders.twice()).resolves.toEqual(['inner', 'outer', 'inner']);
  });

  it('take a lock by the name of its service', async () => {
    await expect(orders.bill()).resolves.toEqual(['invoice', 'invoice', undefined]);
  });

  it('are filled on streams', async () => {
    await expect(firstValueFrom(orders.values())).resolves.toEqual(['stream']);
    const rows = orders.rows();
    await expect(rows.next()).resolves.toEqual({ done: false, value: false });
    await rows.return(undefined);
  });

  it('are left alone on a method without @Locked, and on one that overrides theirs', async () => {
    const more = bindLockService(new MoreOrders(locks), locks);

    await expect(locks.withLock('order:7', () => orders.unlocked())).resolves.toBeUndefined();
    await expect(more.pay('7')).resolves.toMatchObject({ lock: undefined, signal: undefined });
  });

  it.each([
    ['7 as a number', 7, /^@CurrentLock: takes a resource/],
    ['an array', ['a'], /^@CurrentLock: takes a resource/],
    ['an empty resource', '', /^resource: must be a string/],
    ['an empty connection', { connection: '' }, /^connection: must be a string/],
    ['an unknown option', { key: 'a' }, /^key: is not an option of @CurrentLock/],
  ])('refuse %s when the class is defined', (_what, which, message) => {
    const define = () => CurrentLock(which as string);

    expect(define).toThrow(LockOptionsError);
    expect(define).toThrow(message);
  });

  it('refuse the parameters of constructors and of static methods', () => {
    expect(() => {
      LockSignal()(Orders, undefined, 0);
    }).toThrow(LockOptionsError);
    expect(() => {
      LockSignal()(Orders, 'method', 0);
    }).toThrow(/^@LockSignal: must be put on a parameter of a method/);
  });
});

describe('a handler with a lock parameter', () => {
  const start = async (handler: object) => {
    const app = await Test.createTestingModule({
      imports: [RedlockTestingModule.forRoot({ name: 'billing' })],
      controllers: [handler as Type],
    }).compile();
    await app.close();
  };

  it('does without a lock service that it does not name', async () => {
    @Controller()
    class Payments {
      @Get()
      @UseInterceptors(LockInterceptor('payments', { connection: 'billing' }))
      list(@CurrentLock() lock?: Lock) {
        return lock?.isHeld;
      }
    }

    await expect(start(Payments)).resolves.toBeUndefined();
  });

  it('fails the start without the one that it names', async () => {
    @Controller()
    class Payments {
      @Get()
      list(@CurrentLock({ connection: 'biling' }) lock?: Lock) {
        return lock?.isHeld;
      }
    }

    await expect(start(Payments)).rejects.toThrow('LockService:biling');
  });
});
