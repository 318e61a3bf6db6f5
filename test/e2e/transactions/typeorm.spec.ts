import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  createLockService,
  LockLostError,
  LockService,
  MemoryLockNode,
  RedlockModule,
} from '@nest-quorum/redlock';
import { DataSource, type EntityManager } from 'typeorm';
import { runBlock } from '../../helpers/document-module';
import { PostgresServer } from '../../helpers/postgres-server';
import { until } from '../../helpers/until';
import { beforeCommit, Stock, takeOne } from './stock';
import { holdLocksUntilCommit } from './typeorm-adapter';

describe('locks and transactions of TypeORM', () => {
  let postgres: PostgresServer;
  let stock: Stock;
  let dataSource: DataSource;
  let locks: LockService;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    stock = await Stock.open(postgres.url);
  });

  afterAll(async () => {
    await stock.close();
    await postgres.stop();
  });

  beforeEach(async () => {
    dataSource = await new DataSource({ type: 'postgres', url: postgres.url }).initialize();
    dataSource.subscribers.push({ beforeTransactionCommit: beforeCommit });
    locks = createLockService({ nodes: [new MemoryLockNode()], defaults: { wait: 30_000 } });
  });

  afterEach(async () => {
    await locks.close();
    await dataSource.destroy();
  });

  const take = (manager: EntityManager) => takeOne((sql, values) => manager.query(sql, values));
  /** The lock is taken and released within the transaction. */
  const buyInTransaction = () =>
    dataSource.transaction((manager) => locks.withLock('stock', () => take(manager)));

  it('loses updates when the lock is released before the commit', async () => {
    expect(await stock.lostOf(buyInTransaction, { areLate: true })).toBeGreaterThan(0);
  });

  it('loses none when the transaction is inside the lock', async () => {
    const buy = () => locks.withLock('stock', () => dataSource.transaction(take));

    expect(await stock.lostOf(buy)).toBe(0);
  });

  it('loses none when the lock is held until the transaction is done', async () => {
    expect(await stock.lostOf(() => locks.holdUntilDone(buyInTransaction))).toBe(0);
  });

  it('loses none when the lock is held until a promise of the commit', async () => {
    const buy = () => {
      let committed: Promise<unknown> | undefined;
      return (committed = dataSource.transaction((manager) =>
        locks.withLock('stock', async (lock) => {
          lock.holdUntil(committed as Promise<unknown>);
          await take(manager);
        }),
      ));
    };

    expect(await stock.lostOf(buy)).toBe(0);
  });

  it('keeps the locks of all that an order takes until its commit', async () => {
    const { OrderPlacer, StockService } = runBlock('docs/TRANSACTIONS.md', 'class OrderPlacer') as {
      OrderPlacer: Type<{ place(ids: string[]): Promise<void> }>;
      StockService: Type;
    };
    const module = await Test.createTestingModule({
      imports: [RedlockModule.forRoot({ nodes: [new MemoryLockNode()] })],
      providers: [OrderPlacer, StockService, { provide: DataSource, useValue: dataSource }],
    }).compile();
    await using _closing = { [Symbol.asyncDispose]: () => module.close() };
    await module.init();
    const held = module.get(LockService);
    const left = () => dataSource.query(`SELECT id, "left" FROM stock WHERE id IN ('book', 'tea')`);
    await dataSource.query(`INSERT INTO stock VALUES ('book', 5), ('tea', 5)
      ON CONFLICT (id) DO UPDATE SET "left" = 5`);
    // The second item has to wait for somebody who has its row.
    const other = dataSource.createQueryRunner();
    await other.startTransaction();
    await other.query(`SELECT 1 FROM stock WHERE id = 'tea' FOR UPDATE`);

    const placed = module.get(OrderPlacer).place(['book', 'tea']);
    await until('the first item is taken', () => held.isLocked('stock:tea'));

    expect(await held.isLocked('stock:book')).toBe(true);
    await other.commitTransaction();
    await other.release();
    await placed;
    expect(await left()).toEqual(
      expect.arrayContaining([
        { id: 'book', left: 4 },
        { id: 'tea', left: 4 },
      ]),
    );
    expect([await held.isLocked('stock:book'), await held.isLocked('stock:tea')]).toEqual([false, false]);
  });

  describe('with the adapter', () => {
    beforeEach(() => {
      holdLocksUntilCommit(dataSource, locks);
    });

    it('loses none, whoever begins the transaction', async () => {
      expect(await stock.lostOf(buyInTransaction)).toBe(0);
    });

    it('loses none with a savepoint around the lock', async () => {
      const buy = () =>
        dataSource.transaction((outer) =>
          outer.transaction((inner) => locks.withLock('stock', () => take(inner))),
        );

      expect(await stock.lostOf(buy)).toBe(0);
    });

    it('loses none when a transaction locks the same twice', async () => {
      const buy = () =>
        dataSource.transaction(async (manager) => {
          await locks.withLock('stock', () => manager.query('SELECT 1'));
          await locks.withLock('stock', () => take(manager));
        });

      expect(await stock.lostOf(buy)).toBe(0);
    });

    it('gives the lock back after a rollback', async () => {
      const failing = dataSource.transaction(async (manager) => {
        await locks.withLock('stock', () => take(manager));
        throw new Error('changed my mind');
      });

      await expect(failing).rejects.toThrow('changed my mind');
      await using lock = await locks.acquire('stock', { wait: 1_000 });
      expect(lock.isHeld).toBe(true);
    });

    it('gives the lock back when the connection breaks at the commit', async () => {
      const broken = dataSource.transaction(async (manager) => {
        await locks.withLock('stock', () => take(manager));
        const [{ pid }] = await manager.query<[{ pid: number }]>('SELECT pg_backend_pid() AS pid');
        await dataSource.query('SELECT pg_terminate_backend($1)', [pid]);
      });

      await expect(broken).rejects.toThrow();
      await using lock = await locks.acquire('stock', { wait: 1_000 });
      expect(lock.isHeld).toBe(true);
    });

    it('tells the transaction of a lock that was lost before the commit', async () => {
      const work = dataSource.transaction(async (manager) => {
        await locks.withLock('stock', { autoExtend: false, ttl: 600 }, () => take(manager));
        await new Promise((resolve) => setTimeout(resolve, 700));
      });

      await expect(work).rejects.toThrow(LockLostError);
    });

    it('is refused by the database where the transaction has looked at it before the lock', async () => {
      const buy = () =>
        dataSource.transaction('REPEATABLE READ', async (manager) => {
          await manager.query('SELECT count(*) FROM stock');
          await locks.withLock('stock', () => take(manager));
        });
      const refused: unknown[] = [];

      const left = await stock.lostOf(() => buy().catch((error: unknown) => refused.push(error)));

      expect(refused.length).toBeGreaterThan(0);
      expect(left).toBe(refused.length);
      expect(refused[0]).toMatchObject({ code: '40001' });
    });
  });
});
