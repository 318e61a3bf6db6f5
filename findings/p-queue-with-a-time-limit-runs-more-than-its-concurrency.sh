#!/usr/bin/env bash
# A p-queue with `concurrency: 1` runs several tasks at once as soon as one is timed out or aborted, and says that one is running.
#
# One would guess: a time limit of a queue rejects the promise of `add`, so that the caller need not wait, and the place in the
# queue is taken as long as the task runs, since nobody can stop a function. The page says of `signal` that a task which runs has to
# handle it itself, so that it ends the place when it ends. That is what `concurrency: 1` is for, where tasks must not run beside
# each other; a limit for the queue (`new PQueue({ concurrency: 1, timeout: 5000 })`) makes it robust. The bulkhead of cockatiel
# works so, with its timeout that is cooperative.
#
# What happens: with the timeout, and with the signal too, the queue takes the task for done and starts the next one while the first
# goes on. If the database is slow for a minute, each task is timed out in turn, and after ten limits eleven run beside each other,
# in a queue of one: the more so the slower it is, which is when the limit of concurrency was to protect it. `pending` is 1 all the
# time, and `onIdle()` resolves while they run, so a shutdown that waits for it closes the database under them. bottleneck
# (`expiration`), async-lock (`maxExecutionTime`) and opossum (`capacity: 1`) do so too. What helps is to give no limit to the
# queue: the task has one of its own, and returns when it has stopped.
#
# Versions: p-queue 9.3.5 and 8.1.1; bottleneck 2.19.5, async-lock 1.5.0, opossum 9.0.0, and cockatiel 3.2.1 for comparison. Runs on
# the node in PATH. Needs node 20.19 or later, and npm.
# Source: `add` in source/index.ts of p-queue, which waits for what p-timeout and `Promise.race` return, and then goes on to the
# next. Its page says of `timeout` that operations throw a TimeoutError if they are not complete within the time, of `concurrency`
# that it is the limit, and of `onIdle` that all work has finished.
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
npm install --silent --no-audit --no-fund p-queue@9.3.5 p-queue-8@npm:p-queue@8.1.1 bottleneck@2.19.5 async-lock@1.5.0 opossum@9.0.0 \
  cockatiel@3.2.1 >/dev/null || exit 2
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import AsyncLock from 'async-lock';
import Bottleneck from 'bottleneck';
import { bulkhead, timeout as limit, TimeoutStrategy, wrap } from 'cockatiel';
import CircuitBreaker from 'opossum';
import PQueue from 'p-queue';
import PQueue8 from 'p-queue-8';

const timeout = 50;
let [running, most] = [0, 0];
/** The tasks run until `release`, so that each of them is slower than its limit. */
let release = () => undefined;
let released = Promise.resolve();
const task = async () => {
  running += 1;
  most = Math.max(most, running);
  await released;
  running -= 1;
};
const ofQueue = (Queue) => {
  const queue = new Queue({ concurrency: 1, timeout });
  return { add: () => queue.add(task, { throwOnTimeout: true }), seen: () => queue.pending, idle: () => queue.onIdle() };
};
const withSignal = (Queue) => {
  const queue = new Queue({ concurrency: 1 });
  return {
    add: () => {
      const controller = new AbortController();
      return queue.add(() => { setTimeout(() => controller.abort(new Error('aborted')), timeout); return task(); }, { signal: controller.signal });
    },
    seen: () => queue.pending,
    idle: () => queue.onIdle(),
  };
};
/** The libraries, and whether more than one task runs at once. */
const ways = [
  ['p-queue', 'timeout', true, () => ofQueue(PQueue)],
  ['p-queue', 'signal', true, () => withSignal(PQueue)],
  ['p-queue-8', 'timeout', true, () => ofQueue(PQueue8)],
  ['bottleneck', 'expiration', true, () => {
    const queue = new Bottleneck({ maxConcurrent: 1 });
    return { add: () => queue.schedule({ expiration: timeout }, task) };
  }],
  ['async-lock', 'maxExecutionTime', true, () => {
    const lock = new AsyncLock({ maxExecutionTime: timeout });
    return { add: () => lock.acquire('stock', task) };
  }],
  ['opossum', 'timeout, and capacity of 1', true, () => {
    const breaker = new CircuitBreaker(task, { timeout, capacity: 1, volumeThreshold: 100 });
    return { isOneByOne: true, add: () => breaker.fire() };
  }],
  ['cockatiel', 'bulkhead and cooperative timeout', false, () => {
    const policy = wrap(bulkhead(1, 10), limit(timeout, TimeoutStrategy.Cooperative));
    return { add: () => policy.execute(task) };
  }],
];
let isSo = true;
for (const [name, option, isMore, open] of ways) {
  [running, most] = [0, 0];
  released = new Promise((resolve) => { release = resolve; });
  const { add, seen, idle, isOneByOne } = open();
  const seenMost = [];
  const results = [];
  for (let left = 4; left > 0; left -= 1) {
    results.push(add().then(() => 'done', () => 'rejected'));
    if (isOneByOne) await Promise.race([results.at(-1), later(5000)]);
  }
  for (let left = isMore ? 400 : 20; left > 0 && most < 4; left -= 1) await later(50);
  if (seen) seenMost.push(seen());
  const isIdle = idle ? await Promise.race([idle().then(() => true), later(20_000, false)]) : undefined;
  const stillRunning = running;
  release();
  await Promise.all(results);
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  const more = idle ? `; \`pending\` said ${seenMost[0]}; onIdle() resolved while ${isIdle ? stillRunning : 0} ran` : '';
  console.log(`  ${name.replace('-8', '')} ${version} with ${option}: at most ${most} of 4 tasks ran at once${more}`);
  isSo &&= isMore ? most === 4 && (!idle || (isIdle && stillRunning === 4 && seenMost[0] <= 1)) : most === 1;
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
