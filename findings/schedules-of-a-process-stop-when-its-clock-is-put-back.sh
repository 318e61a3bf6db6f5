#!/usr/bin/env bash
# When a clock that was ahead is put right, node-cron, node-schedule and toad-scheduler run nothing for as long as it was ahead; when
# one that was behind is put right, node-schedule runs all that it has missed, at once.
#
# One would guess: a schedule within a process has no memory but its expression. Each time is worked out from the clock, timers of Node
# do not depend on it, and so a clock that is put right costs one run too early or too late. A machine that starts with the wrong
# time (a hardware clock that has the local time, a virtual machine that was frozen, a device without a battery), and whose time is set
# some seconds after the application has started, is well from then on.
#
# What happens: the next run is worked out from the last one, or waited for by a date. If the clock was an hour ahead, the next
# run of a job that runs each second is in an hour: node-cron, node-schedule and toad-scheduler (over its croner 10) run nothing
# until then, with no error and no warning. So a lease is not renewed, and nobody looks for work, for an hour. A clock that was
# ten hours ahead stops them for ten hours; only a restart helps. The other way round, if the clock was an hour behind,
# node-schedule calls the job for each time of the hour that was skipped, one right after another: 3600 times here. node-cron
# runs on, with a warning for each. cron (which @nestjs/schedule rests on) and croner 11 run on in both cases.
#
# Versions: node-cron 4.6.0, node-schedule 2.1.1, toad-scheduler 4.1.0, cron 4.4.0, croner 11.0.1, Node 20.20. Needs node and npm. The
# clock is a Date that is shifted by an hour for the first three seconds; timers are real.
# Source: the loop over `nextRun` in src/scheduler/runner.ts of node-cron; `scheduleNextRecurrence` in lib/Invocation.js of
# node-schedule (node-schedule/node-schedule#542 and #431). The documentation of none of them speaks of a clock that is set.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node-cron@4.6.0 node-schedule@2.1.1 toad-scheduler@4.1.0 cron@4.4.0 croner@11.0.1 >/dev/null || exit 2
cat > process.mjs <<'JS'
// One process with one schedule. Its clock is `shift` seconds ahead for three seconds, and right then.
const [name, shiftSeconds] = process.argv.slice(2);
const RealDate = Date;
let shift = Number(shiftSeconds) * 1000;
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length) super(...parts);
    else super(RealDate.now() + shift);
  }
  static now() {
    return RealDate.now() + shift;
  }
};
const EACH_SECOND = '* * * * * *';
let runs = 0;
const job = () => { runs += 1; };
const libraries = {
  'node-cron': async () => (await import('node-cron')).default.schedule(EACH_SECOND, job, { logger: { info() {}, warn() {}, error() {}, debug() {} } }),
  'node-schedule': async () => (await import('node-schedule')).default.scheduleJob(EACH_SECOND, job),
  'toad-scheduler': async () => {
    const { CronJob, Task, ToadScheduler } = await import('toad-scheduler');
    new ToadScheduler().addCronJob(new CronJob({ cronExpression: EACH_SECOND }, new Task('job', job)));
  },
  cron: async () => {
    const { CronJob } = await import('cron');
    new CronJob(EACH_SECOND, job, null, true);
  },
  croner: async () => {
    const { Cron } = await import('croner');
    new Cron(EACH_SECOND, job);
  },
};
await libraries[name]();
setTimeout(() => {
  const before = runs;
  runs = 0;
  shift = 0;
  setTimeout(() => {
    process.send({ before, after: runs });
    process.disconnect();
    process.exit();
  }, 8000);
}, 3300);
JS
cat > try.mjs <<'JS'
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';

const runsOf = (name, shift) => new Promise((resolve, reject) => {
  const child = fork('process.mjs', [name, String(shift)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  child.on('message', resolve);
  child.on('exit', (code) => reject(new Error(`a process has ended: ${code}`)));
});
const kind = (runs) => (runs <= 1 ? 'none' : runs <= 12 ? 'each second' : 'a burst');
const expected = {
  'node-cron': 'each second, none, each second',
  'node-schedule': 'each second, none, a burst',
  'toad-scheduler': 'each second, none, each second',
  cron: 'each second, each second, each second',
  croner: 'each second, each second, each second',
};
let isSo = true;
for (const name of Object.keys(expected)) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  const [right, ahead, behind] = await Promise.all([0, 3600, -3600].map((shift) => runsOf(name, shift)));
  console.log(`  ${name} ${version}, a job each second: ${right.after} runs in 8 s; after a clock that was an hour ahead is put right:`
    + ` ${ahead.after}; after one that was an hour behind: ${behind.after}`);
  isSo &&= [right, ahead, behind].every(({ before }) => before >= 2) && [right, ahead, behind].map(({ after }) => kind(after)).join(', ') === expected[name];
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
