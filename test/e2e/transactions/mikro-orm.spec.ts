import { EntitySchema, MikroORM, type SqlEntityManager } from '@mikro-orm/postgresql';
import { createLockService, MemoryLockNode, type LockService } from '@nest-quorum/redlock';
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '../../helpers/deferred';
import { PostgresServer } from '../../helpers/postgres-server';
import { beforeCommit, BUYERS, noteRead, Stock } from './stock';

interface Shelf {
  id: string;
  left: number;
}

const SHELF = new EntitySchema<Shelf>({
  name: 'Shelf',
  tableName: 'stock',
  properties: { id: { type: 'text', primary: true }, left: { type: 'integer' } },
});

describe('locks and transactions of MikroORM', () => {
  let postgres: PostgresServer;
  let stock: Stock;
  let orm: MikroORM;
  let locks: LockService;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    stock = await Stock.open(postgres.url);
    orm = await MikroORM.init({
      clientUrl: postgres.url,
      entities: [SHELF],
      pool: { max: 10 },
      subscribers: [{ beforeTransactionCommit: beforeCommit }],
    });
    locks = createLockService({ nodes: [new MemoryLockNode()], defaults: { wait: 30_000 } });
  });

  afterAll(async () => {
    await locks.close();
    await orm.close();
    await stock.close();
    await postgres.stop();
  });

  const take = async (em: SqlEntityManager, refresh = false) => {
    const shelf = await em.findOneOrFail(SHELF, 'book', { refresh });
    noteRead();
    await sleep(1);
    shelf.left -= 1;
    await em.flush();
  };
  const buyInTransaction = () => orm.em.fork().transactional((em) => locks.withLock('stock', () => take(em)));

  it('loses updates when the lock is released before the commit', async () => {
    expect(await stock.lostOf(buyInTransaction, { areLate: true })).toBeGreaterThan(0);
  });

  it('loses none when the transaction is inside the lock', async () => {
    const buy = () => locks.withLock('stock', () => orm.em.fork().transactional((em) => take(em)));

    expect(await stock.lostOf(buy)).toBe(0);
  });

  it('loses none when the lock is held until the transaction is done', async () => {
    expect(await stock.lostOf(() => locks.holdUntilDone(buyInTransaction))).toBe(0);
  });

  it('loses updates to what its identity map has from before the lock, unless that is read again', async () => {
    const buy = (refresh: boolean) => {
      let missing = BUYERS;
      const all = deferred<undefined>();
      return async () => {
        const em = orm.em.fork();
        await em.findOneOrFail(SHELF, 'book');
        if ((missing -= 1) === 0) all.resolve(undefined);
        await all.promise;
        await locks.withLock('stock', () => take(em, refresh));
      };
    };

    expect(await stock.lostOf(buy(false))).toBeGreaterThan(0);
    expect(await stock.lostOf(buy(true))).toBe(0);
  });

  it('loses updates when it flushes after the lock', async () => {
    const buy = async () => {
      const em = orm.em.fork();
      await locks.withLock('stock', async () => {
        const shelf = await em.findOneOrFail(SHELF, 'book');
        noteRead();
        shelf.left -= 1;
      });
      await em.flush();
    };

    expect(await stock.lostOf(buy, { areLate: true })).toBeGreaterThan(0);
  });
});
