import { randomUUID } from 'node:crypto';
import { createLockService, MemoryLockNode, type FencedLock, type LockService } from '@nest-quorum/redlock';
import { StaleFenceError } from '@nest-quorum/redlock/fencing';
import type { Order } from '../../../sample/order-system/src/orders/order.interface';
import { MemoryStore } from '../../../sample/order-system/src/store/memory.store';
import { PostgresStore } from '../../../sample/order-system/src/store/postgres.store';
import type { Store } from '../../../sample/order-system/src/store/store';
import { PostgresServer } from '../../helpers/postgres-server';

let postgres: PostgresServer | undefined;
let locks: LockService;

beforeAll(async () => {
  if (PostgresServer.canStart) postgres = await PostgresServer.start();
  locks = createLockService({ nodes: [new MemoryLockNode()] });
});

afterAll(async () => {
  await locks.close();
  await postgres?.stop();
});

interface ClosableStore extends Store {
  onApplicationShutdown?(): Promise<void>;
}

const stores: [string, () => ClosableStore][] = [['memory', () => new MemoryStore()]];
if (PostgresServer.canStart) stores.push(['PostgreSQL', () => new PostgresStore(postgres?.url ?? '')]);

describe.each(stores)('the data of the sample in %s', (_name, make) => {
  let store: ClosableStore;
  let order: Order;
  let sku: string;

  beforeEach(async () => {
    store = make();
    await store.open();
    sku = `tea-${randomUUID()}`;
    order = { id: randomUUID(), sku, quantity: 1, status: 'placed', parcel: null };
  });

  afterEach(() => store.onApplicationShutdown?.());

  const find = (id: string) => store.transaction((transaction) => transaction.read('order', { id }));
  const hold = (resource: string): Promise<FencedLock> => locks.acquire(resource, { fencing: true });

  it('is what was written, and missing where nothing was', async () => {
    const startedAt = new Date('2026-11-29T12:00:00.123Z');
    const run = { id: randomUUID(), pid: 7, startedAt, reminded: 3 };
    await store.transaction(async (transaction) => {
      await transaction.write('order', order);
      await transaction.write('shelf', { warehouse: 'north', sku, quantity: 2 });
      await transaction.write('reminderRun', run);
    });

    expect(await find(order.id)).toEqual(order);
    expect(await find(randomUUID())).toBeUndefined();
    await store.transaction(async (transaction) => {
      expect(await transaction.read('shelf', { warehouse: 'north', sku })).toMatchObject({ quantity: 2 });
      expect(await transaction.read('shelf', { warehouse: 'south', sku })).toBeUndefined();
      expect(await transaction.list('reminderRun')).toContainEqual(run);
    });
  });

  it('is all of a transaction, or nothing of it', async () => {
    const failing = store.transaction(async (transaction) => {
      await transaction.write('order', order);
      await transaction.write('stock', { sku, available: 7 });
      expect(await transaction.read('order', { id: order.id })).toEqual(order);
      throw new Error('sold out');
    });

    await expect(failing).rejects.toThrow('sold out');
    expect(await find(order.id)).toBeUndefined();
  });

  it('is seen by others when the transaction is done, and not before', async () => {
    await store.transaction(async (transaction) => {
      await transaction.write('order', order);
      expect(await find(order.id)).toBeUndefined();
    });

    expect(await find(order.id)).toEqual(order);
  });

  it('refuses all that an earlier holder writes when a later one has been there', async () => {
    await store.transaction((transaction) => transaction.write('order', order));
    const early = await hold(`order:${order.id}`);
    await early.release();
    const late = await hold(`order:${order.id}`);
    await store.transaction((transaction) => transaction.write('order', { ...order, status: 'paid' }, late));

    const payment = { id: randomUUID(), orderId: order.id };
    const stale = store.transaction(async (transaction) => {
      await transaction.write('payment', payment);
      await transaction.write('order', { ...order, status: 'shipped' }, early);
    });

    await expect(stale).rejects.toThrow(StaleFenceError);
    expect(await find(order.id)).toMatchObject({ status: 'paid' });
    const payments = await store.transaction((transaction) => transaction.list('payment'));
    expect(payments).not.toContainEqual(payment);
    await late.release();
  });

  it('is claimed by whoever reads it to change it: an earlier holder can neither write nor claim', async () => {
    await store.transaction((transaction) => transaction.write('stock', { sku, available: 5 }));
    const early = await hold(`sku:${sku}`);
    await store.transaction((transaction) => transaction.claim('stock', { sku }, early));
    await early.release();
    const late = await hold(`sku:${sku}`);

    const claimed = await store.transaction((transaction) => transaction.claim('stock', { sku }, late));
    expect(claimed).toEqual({ sku, available: 5 });
    const writes = (lock: FencedLock) =>
      store.transaction((transaction) => transaction.write('stock', { sku, available: 4 }, lock));
    await expect(writes(early)).rejects.toThrow(StaleFenceError);
    await expect(
      store.transaction((transaction) => transaction.claim('stock', { sku }, early)),
    ).rejects.toThrow(StaleFenceError);
    await writes(late);
    await writes(late);

    await late.release();
  });

  it('is claimed where there is nothing yet, and written then', async () => {
    const lock = await hold(`sku:${sku}`);

    await store.transaction(async (transaction) => {
      expect(await transaction.claim('stock', { sku }, lock)).toBeUndefined();
      await transaction.write('stock', { sku, available: 1 }, lock);
    });
    await store.transaction(async (transaction) => {
      expect(await transaction.claim('stock', { sku }, lock)).toEqual({ sku, available: 1 });
    });

    await lock.release();
  });
});
