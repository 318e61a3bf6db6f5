import { randomUUID } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { LockService } from '@nest-quorum/redlock';
import { useRedlockTesting } from '@nest-quorum/redlock/testing';
import { Client } from 'pg';
import request from 'supertest';
import { AppModule } from '../../../sample/order-system/src/app.module';
import { prepareSchema } from '../../../sample/order-system/src/store/postgres.schema';
import { PostgresStore } from '../../../sample/order-system/src/store/postgres.store';
import { MIGRATIONS } from '../../../sample/order-system/src/store/postgres.tables';
import { Store } from '../../../sample/order-system/src/store/store';
import { ensureBoardPage } from '../../helpers/board-page';
import { PostgresServer } from '../../helpers/postgres-server';
import { TcpProxy } from '../../helpers/tcp-proxy';
import { until } from '../../helpers/until';

const describeIf = PostgresServer.canStart ? describe : describe.skip;

describeIf('the sample on a PostgreSQL with a fault', () => {
  let postgres: PostgresServer;
  let admin: Client;
  /** The database of a test. Each test has its own. */
  let url: string;
  let database: string;

  beforeAll(async () => {
    ensureBoardPage();
    postgres = await PostgresServer.start();
    admin = new Client({ connectionString: postgres.url });
    await admin.connect();
  });

  afterAll(async () => {
    await admin.end();
    await postgres.stop();
  });

  beforeEach(async () => {
    database = `shop_${randomUUID().replaceAll('-', '')}`;
    await admin.query(`CREATE DATABASE ${database}`);
    url = urlOf({ path: database });
  });

  function urlOf({ path = database, user = 'postgres', port = '' }): string {
    const at = new URL(postgres.url);
    at.pathname = `/${path}`;
    at.username = user;
    if (port !== '') at.port = port;
    return at.href;
  }

  /** Statements of somebody who looks after the database. */
  async function sql<T extends object>(...statements: string[]): Promise<T[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      let rows: T[] = [];
      for (const statement of statements) ({ rows } = await client.query<T>(statement));
      return rows;
    } finally {
      await client.end();
    }
  }

  async function opened(at: string): Promise<PostgresStore> {
    const store = new PostgresStore(at);
    try {
      await store.open();
      return store;
    } catch (error) {
      await store.onApplicationShutdown();
      throw error;
    }
  }

  async function openingFails(at = url): Promise<string> {
    try {
      const store = await opened(at);
      await store.onApplicationShutdown();
      return 'it opened';
    } catch (error) {
      return (error as Error).message;
    }
  }

  describe('does not start', () => {
    it.each<[string, () => string, RegExp]>([
      [
        'without the database',
        () => urlOf({ path: 'nowhere' }),
        /"nowhere" does not exist\. Create it with createdb/,
      ],
      ['for a user that there is not', () => urlOf({ user: 'eve' }), /role "eve" does not exist\. Mend user/],
      ['where nobody listens', () => urlOf({ port: '1' }), /ECONNREFUSED.*Nobody answers there/],
    ])('%s, and says what to do', async (_what, at, message) => {
      expect(await openingFails(at())).toMatch(message);
    });

    it('for a user who may not make tables, and says which right is missing', async () => {
      await sql(`CREATE ROLE reader_${database} LOGIN`);

      expect(await openingFails(urlOf({ user: `reader_${database}` }))).toMatch(
        /permission denied.*GRANT CREATE/,
      );
    });

    it('on a database that takes no writes and has no tables yet', async () => {
      await sql(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);

      expect(await openingFails()).toMatch(/read-only transaction.*It takes no writes/);
    });

    it('with tables of a newer shop, and leaves them as they are', async () => {
      await (await opened(url)).onApplicationShutdown();
      await sql('UPDATE order_system.version SET number = 99');

      expect(await openingFails()).toMatch(/of version 99, and this shop knows up to 2/);
      expect(await sql('SELECT number FROM order_system.version')).toEqual([{ number: 99 }]);
    });

    it('in a schema of somebody else, and leaves that alone', async () => {
      await sql('CREATE SCHEMA order_system', 'CREATE TABLE order_system.stock (mine int)');

      expect(await openingFails()).toMatch(/has "stock", and is not of this shop/);
      expect(await sql('SELECT * FROM order_system.stock')).toEqual([]);
    });

    it('on a server that is too old', async () => {
      const old = { query: () => Promise.resolve({ rows: [{ number: '90624', name: '9.6.24' }] }) };

      await expect(prepareSchema(old as unknown as Client)).rejects.toThrow(
        'The database is PostgreSQL 9.6.24, and the shop needs 12 or later.',
      );
    });
  });

  it('brings the tables of an earlier shop up to date, with all that is in them', async () => {
    const id = randomUUID();
    await sql(
      'CREATE SCHEMA order_system',
      'CREATE TABLE order_system.version (number integer NOT NULL)',
      'INSERT INTO order_system.version VALUES (1)',
      MIGRATIONS[0] ?? '',
      `INSERT INTO order_system.orders VALUES ('${id}', 'tea', 2, 'paid', NULL)`,
    );

    const stores = await Promise.all([1, 2, 3].map(() => opened(url)));

    const [store] = stores;
    expect(await store?.transaction((transaction) => transaction.read('order', { id }))).toMatchObject({
      quantity: 2,
      status: 'paid',
    });
    expect(await sql('SELECT fence FROM order_system.orders')).toEqual([{ fence: '0' }]);
    await Promise.all(stores.map((one) => one.onApplicationShutdown()));
  });

  it('makes its tables once when several processes start at the same time', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => opened(url)));

    expect(await sql('SELECT number FROM order_system.version')).toEqual([{ number: MIGRATIONS.length }]);
    await Promise.all(stores.map((one) => one.onApplicationShutdown()));
  });

  describe('while it runs', () => {
    let app: INestApplication;
    let proxy: TcpProxy;

    beforeEach(async () => {
      proxy = await TcpProxy.start(Number(new URL(postgres.url).port));
      const store = await opened(urlOf({ port: String(proxy.port) }));
      const module = await useRedlockTesting(
        Test.createTestingModule({ imports: [AppModule] })
          .overrideProvider(Store)
          .useValue(store),
      ).compile();
      app = module.createNestApplication({ logger: false });
      await app.init();
      await post('/warehouses/receive', { warehouse: 'north', sku: 'tea', quantity: 10 });
    });

    afterEach(async () => {
      await app.close();
      await proxy.stop();
    });

    const http = () => request(app.getHttpServer() as Parameters<typeof request>[0]);
    const post = (path: string, body: object) =>
      http()
        .post(path)
        .send(body)
        .then(({ status, body: answer }) => ({ status, code: (answer as { code?: string }).code }));
    const buy = () => post('/orders', { sku: 'tea', quantity: 1 });
    /** What was taken from the stock, and what was ordered: they must agree. */
    const kept = async () => {
      const [row] = await sql<{ available: number; ordered: string }>(
        `SELECT available, (SELECT count(*) FROM order_system.orders) AS ordered FROM order_system.stock`,
      );
      return [row?.available, Number(row?.ordered)];
    };
    const expectFreeLock = async () => {
      expect(await app.get(LockService).isLocked('sku:tea')).toBe(false);
    };

    it('answers 507 when the disk is full, keeps nothing of the purchase, and sells again when there is room', async () => {
      // The order is the last that a purchase writes.
      await sql(
        `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
           $$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END$$`,
        'CREATE TRIGGER no_room BEFORE INSERT ON order_system.orders EXECUTE FUNCTION no_room()',
      );

      expect(await buy()).toEqual({ status: 507, code: 'DATABASE_FULL' });
      expect(await kept()).toEqual([10, 0]);
      await expectFreeLock();
      await sql('DROP TRIGGER no_room ON order_system.orders');

      expect(await buy()).toMatchObject({ status: 201 });
      expect(await kept()).toEqual([9, 1]);
    });

    it('answers 503 when the database has become read only, and shows what is there', async () => {
      await sql(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
      // As after a failover: who was connected connects anew.
      proxy.reset();
      await until('the shop has noticed', async () => (await http().get('/stock/tea')).status === 200);

      expect(await buy()).toEqual({ status: 503, code: 'DATABASE_READ_ONLY' });
      expect((await http().get('/stock/tea')).body).toEqual({ sku: 'tea', available: 10 });
      await expectFreeLock();
    });

    it('answers 503 while nobody reaches the database, and goes on when somebody does', async () => {
      await proxy.setMode('refuse');
      proxy.reset();

      expect(await buy()).toEqual({ status: 503, code: 'DATABASE_UNAVAILABLE' });
      await expectFreeLock();
      await proxy.setMode('pass');

      await until('it sells again', async () => (await buy()).status === 201);
      const [left = 0, ordered = 0] = await kept();
      expect(left + ordered).toBe(10);
    });

    it('says that nobody knows when the connection breaks at the commit', async () => {
      await sql(
        `CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
           $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$`,
        `CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON order_system.orders
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()`,
      );

      expect(await buy()).toEqual({ status: 503, code: 'COMMIT_UNKNOWN' });
      expect(await kept()).toEqual([10, 0]);
      await expectFreeLock();
    });

    it('answers 503 when the database takes no more connections', async () => {
      await sql(`CREATE ROLE shop_${database} LOGIN`, `GRANT ALL ON SCHEMA order_system TO shop_${database}`);
      await sql(`GRANT ALL ON ALL TABLES IN SCHEMA order_system TO shop_${database}`);
      const store = await opened(urlOf({ user: `shop_${database}` }));
      try {
        await sql(`ALTER ROLE shop_${database} CONNECTION LIMIT 1`);
        const asked = store.transaction(() => store.transaction(() => Promise.resolve()));

        await expect(asked).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
      } finally {
        await store.onApplicationShutdown();
      }
    });
  });
});
