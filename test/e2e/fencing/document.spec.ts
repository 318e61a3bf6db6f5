import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import {
  bindLockService,
  createLockService,
  MemoryLockNode,
  type FencedLock,
  type LockService,
} from '../../../lib';
import * as fencing from '../../../lib/fencing';
import { readBlock, runBlock } from '../../helpers/document-module';
import { PostgresServer } from '../../helpers/postgres-server';
import { RedisServer } from '../../helpers/redis-server';

const realFetch = globalThis.fetch;

/** As the documents have them. */
type OnAccount<Rest extends unknown[] = []> = (
  locks: LockService,
  db: Pool,
  id: string,
  ...rest: Rest
) => Promise<void>;
const { withdraw } = runBlock('docs/FENCING.md', 'function withdraw') as {
  withdraw: OnAccount<[amount: number]>;
};
const { close } = runBlock('README.md', 'function close') as { close: OnAccount };
const { putBalance } = runBlock('docs/FENCING.md', 'function putBalance') as {
  putBalance: (lock: FencedLock, db: Pool, id: string, balance: number) => Promise<void>;
};
const { addToCart } = runBlock('docs/FENCING.md', 'function addToCart') as {
  addToCart: (locks: LockService, redis: Redis, id: string, item: string) => Promise<void>;
};

const { AccountService, withoutDecorator } = runBlock('docs/FENCING.md', 'function withoutDecorator') as {
  AccountService: Type<{ close(id: string): Promise<number> }>;
  withoutDecorator: (locks: LockService) => Promise<number>;
};

describe('the examples of FENCING.md', () => {
  const nodes = [new MemoryLockNode()];
  const options = { nodes, defaults: { fencing: true }, shutdownTimeout: 0 };
  let locks: LockService;
  let others: LockService;

  beforeEach(() => {
    locks = createLockService(options);
    others = createLockService(options);
  });

  afterEach(async () => {
    await Promise.all([locks.close(), others.close()]);
  });

  /** Two holds, one after the other; the first goes on as if nothing had happened. */
  async function twoHolders(resource: string) {
    const paused = await locks.acquire(resource, { fencing: true });
    await locks.forceRelease(resource);
    return [paused, await others.acquire(resource, { fencing: true })] as const;
  }

  it('get tokens that grow from hold to hold', async () => {
    const accounts = new AccountService();
    bindLockService(accounts, locks);

    const tokens = [await accounts.close('7'), await withoutDecorator(locks), await accounts.close('7')];

    expect(tokens.map(Number.isSafeInteger)).toEqual([true, true, true]);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(3);
  });

  const describeIf = PostgresServer.canStart ? describe : describe.skip;
  describeIf('on PostgreSQL', () => {
    let server: PostgresServer;
    let db: Pool;

    beforeAll(async () => {
      server = await PostgresServer.start();
      db = new Pool({ connectionString: server.url });
      await db.query(
        'CREATE TABLE account (id text PRIMARY KEY, balance int DEFAULT 0, open boolean DEFAULT true)',
      );
      await db.query(readBlock('docs/FENCING.md', 'sql'));
    });

    afterAll(async () => {
      await db.end();
      await server.stop();
    });

    const row = async (id: string) =>
      (await db.query('SELECT balance, open FROM account WHERE id = $1', [id])).rows[0] as unknown;

    it('write for the holder, and refuse one that a later holder has overtaken', async () => {
      await db.query("INSERT INTO account (id, balance) VALUES ('7', 100)");

      await withdraw(locks, db, '7', 30);
      expect(await row('7')).toEqual({ balance: 70, open: true });
      await close(locks, db, '7');
      expect(await row('7')).toEqual({ balance: 70, open: false });

      await db.query('UPDATE account SET fence = fence + 10000000000');
      await expect(withdraw(locks, db, '7', 30)).rejects.toThrow(fencing.StaleFenceError);
      await expect(close(locks, db, '7')).rejects.toThrow(fencing.StaleFenceError);
      expect(await row('7')).toEqual({ balance: 70, open: false });
    });

    it('insert a row, write it again, and refuse a stale holder', async () => {
      const [paused, later] = await twoHolders('account:8');

      await putBalance(paused, db, '8', 1);
      await putBalance(later, db, '8', 2);
      await putBalance(later, db, '8', 3);

      await expect(putBalance(paused, db, '8', 4)).rejects.toThrow(fencing.StaleFenceError);
      expect(await row('8')).toEqual({ balance: 3, open: true });
    });
  });

  describe('on Redis', () => {
    let server: RedisServer;
    let admin: Redis;
    let redis: Redis;
    let keeper: Redis;

    beforeAll(async () => {
      server = await RedisServer.start();
      admin = new Redis(server.url);
      const [, , , ...rights] = readBlock('docs/FENCING.md', '', 'ACL SETUSER carts').trim().split(' ');
      await admin.call('ACL', 'SETUSER', 'carts', ...rights.map((right) => right.replace('>…', '>secret')));
      await admin.call(
        'ACL',
        'SETUSER',
        'fences',
        ...rights.map((right) => right.replace('>…', '>secret')),
        '~fences:*',
      );
      redis = as('carts');
      keeper = as('fences');
    });

    afterAll(async () => {
      for (const client of [admin, redis, keeper]) client.disconnect();
      await server.stop();
    });

    const as = (username: string) =>
      new Redis({ port: server.port, username, password: 'secret', enableReadyCheck: false });

    it('need no more rights than the document says', async () => {
      await addToCart(locks, redis, '7', 'tea');
      await addToCart(locks, redis, '7', 'milk');
      expect(await admin.get('cart:7')).toBe(',tea,milk');
      await addToCart(locks, redis, '7', '');
      expect(await admin.exists('cart:7')).toBe(0);
    });

    it('are refused over HTTP when a later holder has been there', async () => {
      const { OrdersModule } = runBlock('docs/FENCING.md', 'class OrdersModule', {
        change: (code) => code.replace('redis://data:6379', server.url),
      }) as { OrdersModule: Type };
      const app = (
        await Test.createTestingModule({ imports: [OrdersModule] }).compile()
      ).createNestApplication();
      app.useLogger(false);
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const { book } = runBlock('docs/FENCING.md', 'function book', {
        change: (code) => code.replace('https://carrier.internal', url),
      }) as { book: (locks: LockService, id: string) => Promise<void> };
      const asked: number[] = [];
      const fetched = jest.spyOn(globalThis, 'fetch').mockImplementation(async (place, options) => {
        const response = await realFetch(place, options);
        asked.push(response.status);
        return response;
      });
      const [paused] = await twoHolders('order:7');
      await others.forceRelease('order:7');

      await book(locks, '7');
      const late = await fetch(`${url}/orders/07`, { method: 'POST', headers: fencing.fenceHeaders(paused) });
      const without = await fetch(`${url}/orders/7`, { method: 'POST' });
      const half = await fetch(`${url}/orders/7`, { method: 'POST', headers: { 'Fencing-Token': '1' } });

      expect(asked).toEqual([201, 412, 428, 400]);
      const codes = await Promise.all([late, without, half].map((answer) => answer.json()));
      expect(codes).toMatchObject([
        { code: 'FENCE_STALE' },
        { code: 'FENCE_MISSING' },
        { code: 'FENCE_INVALID' },
      ]);
      fetched.mockRestore();
      (Reflect.get(app.get(fencing.RedisFenceStore), 'redis') as Redis).disconnect();
      await app.close();
    });

    it('keep the fence of a store where the document says', async () => {
      const store = new fencing.RedisFenceStore(keeper);
      const [paused, later] = await twoHolders('order:7');

      expect(await store.accept('order:7', fencing.fenceOf(later))).toBe(true);
      expect(await store.accept('order:7', fencing.fenceOf(paused))).toBe(false);

      expect(await admin.keys('*order:7*')).toEqual(['fenced:{fences:order:7}']);
      await expect(
        new fencing.RedisFenceStore(redis).accept('order:7', fencing.fenceOf(later)),
      ).rejects.toThrow('NOPERM');
    });
  });
});
