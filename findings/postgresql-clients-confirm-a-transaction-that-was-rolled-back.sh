#!/usr/bin/env bash
# If the last query of a transaction fails and its error is caught, Knex, Drizzle, TypeORM, Sequelize, pg-promise and MikroORM say that the
# transaction is committed, and PostgreSQL has rolled it back: the order is confirmed and is not there.
#
# One would guess: a `transaction()` that resolves has committed. Within it, an order is inserted, and then something that may fail and
# does no harm if it does (a coupon that was used before, a line of a log), so its error is caught and the body ends as ever. In
# MySQL and SQLite the failed query alone is undone. PostgreSQL is known to be strict here: after an error it refuses each further
# query of the transaction ("current transaction is aborted"), so whoever goes on in spite of it is told, at COMMIT at the latest.
#
# What happens: COMMIT is the one statement that is not refused. PostgreSQL answers it with success, and with the word ROLLBACK as
# the name of what it has done, in the place of COMMIT. These six do not look at the word. So the body resolves, a mail is sent, the
# customer pays, and no order was ever in the table; nothing is logged. With one more query after the failed one there is an
# error, so what decides is whether the query that may fail comes last, as queries that may fail do. postgres.js remembers the
# failed query and rejects with its error, Kysely (since 0.29) looks at the answer of COMMIT, and JDBC does so too. What helps is a
# savepoint around each query that may fail (a nested `transaction()`), or ON CONFLICT DO NOTHING, or with pg a look at
# `command` of the answer.
#
# Versions: knex 3.3.0, drizzle-orm 0.45.4, typeorm 1.1.1, sequelize 6.37.8, pg-promise 12.7.1 and @mikro-orm/postgresql 7.2.5, and for
# comparison kysely 0.29.9 and postgres 3.4.9, over pg 8.23.1 on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm.
# Source: `EndTransactionBlock` in src/backend/access/transam/xact.c of PostgreSQL; sequelize/sequelize#11729 (closed as stale). To make
# it an error was discussed on its list for hackers in 2020, and was not done. Its page on COMMIT does not speak of it.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
chmod 777 "$folder"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps knex@3.3.0 drizzle-orm@0.45.4 typeorm@1.1.1 sequelize@6.37.8 pg-promise@12.7.1 \
  @mikro-orm/core@7.2.5 @mikro-orm/postgresql@7.2.5 kysely@0.29.9 postgres@3.4.9 pg@8.23.1 reflect-metadata@0.2.2 \
  embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { EntitySchema, MikroORM } from '@mikro-orm/postgresql';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import EmbeddedPostgres from 'embedded-postgres';
import knex from 'knex';
import { Kysely, PostgresDialect, sql as kyselySql } from 'kysely';
import pg from 'pg';
import pgPromise from 'pg-promise';
import postgres from 'postgres';
import sequelize from 'sequelize';
import typeorm from 'typeorm';

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const server = new EmbeddedPostgres({
  databaseDir: `${process.cwd()}/data`,
  user: 'postgres',
  password: 'x',
  port,
  persistent: false,
  initdbFlags: ['--locale=C', '--encoding=UTF8', '--lc-messages=C'],
  onLog: () => {},
  onError: () => {},
});
await server.initialise();
await server.start();
const url = `postgres://postgres:x@127.0.0.1:${port}/postgres`;

/** Each client: `transaction(body)` calls the body with a function that runs a query in the transaction. */
const clients = {
  knex: async () => {
    const database = knex({ client: 'pg', connection: url });
    return { transaction: (body) => database.transaction((tx) => body(async (text) => tx.raw(text))), close: () => database.destroy() };
  },
  'drizzle-orm': async () => {
    const pool = new pg.Pool({ connectionString: url });
    return {
      transaction: (body) => drizzle(pool).transaction((tx) => body(async (text) => tx.execute(drizzleSql.raw(text)))),
      close: () => pool.end(),
    };
  },
  typeorm: async () => {
    const source = await new typeorm.DataSource({ type: 'postgres', url }).initialize();
    return { transaction: (body) => source.transaction((manager) => body((text) => manager.query(text))), close: () => source.destroy() };
  },
  sequelize: async () => {
    const database = new sequelize.Sequelize(url, { logging: false });
    return {
      transaction: (body) => database.transaction((transaction) => body((text) => database.query(text, { transaction }))),
      close: () => database.close(),
    };
  },
  'pg-promise': async () => {
    const database = pgPromise()(url);
    return { transaction: (body) => database.tx((tx) => body((text) => tx.any(text))), close: () => database.$pool.end() };
  },
  '@mikro-orm/postgresql': async () => {
    const orm = await MikroORM.init({
      clientUrl: url,
      dbName: 'postgres',
      entities: [new EntitySchema({ name: 'Order', tableName: 'orders', properties: { id: { type: 'number', primary: true } } })],
    });
    return { transaction: (body) => orm.em.fork().transactional((em) => body((text) => em.execute(text))), close: () => orm.close() };
  },
  kysely: async () => {
    const database = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) });
    return {
      transaction: (body) => database.transaction().execute((tx) => body((text) => kyselySql.raw(text).execute(tx))),
      close: () => database.destroy(),
    };
  },
  postgres: async () => {
    const sql = postgres(url, { max: 1 });
    return { transaction: (body) => sql.begin((tx) => body(async (text) => tx.unsafe(text))), close: () => sql.end() };
  },
};
const admin = new pg.Client({ connectionString: url });
await admin.connect();
await admin.query('CREATE TABLE orders (id int)');
await admin.query('CREATE TABLE coupons (code text PRIMARY KEY)');
await admin.query("INSERT INTO coupons VALUES ('SPRING')");
console.log(`PostgreSQL ${(await admin.query('SHOW server_version')).rows[0].server_version}; a transaction inserts an order and then a coupon that was used`
  + ' before, whose error it catches');

/** What the caller is told, and how many orders there are then. */
async function order(client, withOneMore) {
  await admin.query('TRUNCATE orders');
  const told = await client
    .transaction(async (query) => {
      await query('INSERT INTO orders VALUES (1)');
      try {
        await query("INSERT INTO coupons VALUES ('SPRING')");
      } catch {
        // It was used before: the order is made without it.
      }
      if (withOneMore) await query('SELECT 1');
      return 'confirmed';
    })
    .catch(({ cause, message }) => `the error "${cause?.message ?? message}"`);
  const { rows } = await admin.query('SELECT count(*)::int AS orders FROM orders');
  return { told, orders: rows[0].orders };
}
let isSo = true;
for (const [name, open] of Object.entries(clients)) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  const client = await open();
  const last = await order(client, false);
  const between = await order(client, true);
  await client.close();
  console.log(`  ${name} ${version}: the caller is told: ${last.told}; orders: ${last.orders}; with one more query: ${between.told}`);
  isSo &&= last.orders === 0 && between.orders === 0 && between.told.startsWith('the error');
  isSo &&= (last.told === 'confirmed') === !['kysely', 'postgres'].includes(name);
}
await admin.end();
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
