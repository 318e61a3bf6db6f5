#!/usr/bin/env bash
# A task of poolifier whose thread is ended by the pool itself, at `destroy()` or as too slow, neither resolves nor rejects: its caller
# waits for ever, and a lock that it holds around the task is never given back.
#
# One would guess: whoever ends a pool of threads rejects the tasks that are under way, as Piscina, Tinypool and workerpool do, so that
# `try { await pool.execute() } finally { release() }` goes on. And a worker with `killBehavior: KillBehaviors.HARD` has a limit: its page
# says that `maxInactiveTime` is then the timeout of tasks too, after which they are interrupted and removed. A timeout is an error for
# who has called.
#
# What happens: the thread is ended, and the promise is forgotten. `destroy()` resolves at once in the middle of the tasks, and neither
# `catch` nor `finally` of their callers runs: a shutdown that then waits for the requests under way (`Promise.allSettled`) waits until
# it is killed; or, if nothing else keeps the process, that ends with the code 0 as if all had been done. With `enableTasksQueue`,
# `destroy()` waits two seconds for them, and then does the same. The limit of HARD does it while all is well: each task of a
# DynamicThreadPool that takes longer costs one caller, which hangs for ever, while `executingTasks` of the pool says 0 and no event
# tells of it; and the one thread that is always there keeps no limit at all. A test whose tasks are short shows nothing. What helps is
# to race each task with a signal of one's own, and to await all tasks before `destroy()`.
#
# Versions: poolifier 5.3.2; piscina 5.3.2, tinypool 2.2.0 and workerpool 10.0.3 for comparison. Runs on the node in PATH. Needs node 20
# or later, and npm.
# Source: `destroyWorkerNode` and `promiseResponseMap` in src/pools/abstract-pool.ts of poolifier;
# poolifier/poolifier#3211 proposes to reject them, and no release has that.
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
npm install --silent --no-audit --no-fund poolifier@5.3.2 piscina@5.3.2 tinypool@2.2.0 workerpool@10.0.3 >/dev/null || exit 2
cat > task.mjs <<'JS'
export default (ms) => new Promise((resolve) => { setTimeout(resolve, ms, 'done'); });
JS
cat > soft.cjs <<'JS'
const { ThreadWorker } = require('poolifier');
module.exports = new ThreadWorker(async ({ ms }) => new Promise((resolve) => { setTimeout(resolve, ms, 'done'); }));
JS
cat > hard.cjs <<'JS'
const { KillBehaviors, ThreadWorker } = require('poolifier');
const limit = { killBehavior: KillBehaviors.HARD, maxInactiveTime: 1000 };
module.exports = new ThreadWorker(async ({ ms }) => new Promise((resolve) => { setTimeout(resolve, ms, 'done'); }), limit);
JS
cat > workerpool.cjs <<'JS'
require('workerpool').worker({ task: (ms) => new Promise((resolve) => { setTimeout(resolve, ms, 'done'); }) });
JS
cat > shutdown.mjs <<'JS'
import { Piscina } from 'piscina';
import { FixedThreadPool } from 'poolifier';

const isPoolifier = process.argv[2] === 'poolifier';
const pool = isPoolifier ? new FixedThreadPool(2, './soft.cjs') : new Piscina({ filename: `${process.cwd()}/task.mjs` });
async function order() {
  try {
    await (isPoolifier ? pool.execute({ ms: 60_000 }) : pool.run(60_000));
  } catch {
    console.log('rejected');
  } finally {
    console.log('released');
  }
}
void order();
setTimeout(() => void pool.destroy(), 500);
JS
cat > try.mjs <<'JS'
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { DynamicThreadPool, FixedThreadPool } from 'poolifier';
import { Tinypool } from 'tinypool';
import workerpool from 'workerpool';

const version = (name) => `${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version}`;
const filename = `${process.cwd()}/task.mjs`;
const LONG_MS = 60_000;
/** What becomes of a promise; `pending` until it settles. */
function watched(promise) {
  const task = { end: 'pending' };
  promise.then((value) => { task.end = `${value}`; }, () => { task.end = 'rejected'; });
  return task;
}
const ends = (tasks) => tasks.map(({ end }) => end).join(', ');
const pools = {
  [version('piscina')]: () => {
    const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
    return { run: () => pool.run(LONG_MS), destroy: () => pool.destroy() };
  },
  [version('tinypool')]: () => {
    const pool = new Tinypool({ filename, minThreads: 2, maxThreads: 2 });
    return { run: () => pool.run(LONG_MS), destroy: () => pool.destroy() };
  },
  [version('workerpool')]: () => {
    const pool = workerpool.pool(`${process.cwd()}/workerpool.cjs`, { maxWorkers: 2 });
    return { run: () => pool.exec('task', [LONG_MS]), destroy: () => pool.terminate(true) };
  },
  [version('poolifier')]: () => {
    const pool = new FixedThreadPool(2, './soft.cjs');
    return { run: () => pool.execute({ ms: LONG_MS }), destroy: () => pool.destroy() };
  },
  [`${version('poolifier')} with enableTasksQueue`]: () => {
    const pool = new FixedThreadPool(2, './soft.cjs', { enableTasksQueue: true });
    return { run: () => pool.execute({ ms: LONG_MS }), destroy: () => pool.destroy() };
  },
};
let isSo = true;
console.log('two tasks are under way, and the pool is destroyed:');
for (const [name, make] of Object.entries(pools)) {
  const { run, destroy } = make();
  const tasks = [watched(run()), watched(run())];
  await later(1000);
  await destroy();
  await later(3000);
  console.log(`  ${name}: three seconds later they are ${ends(tasks)}`);
  isSo &&= ends(tasks) === (name.startsWith('poolifier') ? 'pending, pending' : 'rejected, rejected');
}
console.log('a process that does nothing else:');
for (const [name, expected] of [['piscina', 'rejected,released'], ['poolifier', '']]) {
  const { status, stdout } = spawnSync(process.execPath, ['shutdown.mjs', name], { encoding: 'utf8', timeout: 20_000 });
  const said = stdout.trim().split('\n').join();
  console.log(`  ${version(name)}: says ${said || 'nothing'}, and ends with the code ${status}`);
  isSo &&= said === expected && status === 0;
}
console.log('tasks of three seconds, in a DynamicThreadPool of one to three threads with a limit of one second (HARD):');
for (const [file, expected] of [['soft.cjs', 'done, done, done'], ['hard.cjs', 'done, pending, pending']]) {
  const pool = new DynamicThreadPool(1, 3, `./${file}`);
  let told = 0;
  for (const event of ['error', 'taskError']) pool.emitter.on(event, () => { told += 1; });
  const tasks = [3000, 3000, 3000].map((ms) => watched(pool.execute({ ms })));
  await later(10_000);
  const { workerNodes, executingTasks } = pool.info;
  console.log(`  ${file === 'hard.cjs' ? 'HARD' : 'SOFT, for comparison'}: they are ${ends(tasks)}; the pool has ${workerNodes} thread(s), ${executingTasks} tasks under way, ${told} errors told`);
  isSo &&= ends(tasks) === expected && executingTasks === 0 && told === 0;
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
