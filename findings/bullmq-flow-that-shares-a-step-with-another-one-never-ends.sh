#!/usr/bin/env bash
# A flow of BullMQ with a step whose `jobId` another flow has used already is added without an error, and its parent waits for ever,
# even if the step has been done long ago.
#
# One would guess: a `jobId` is there so that a step is not done twice: two orders need the rates of today, so both flows have a child
# with the jobId `rates-2026-12-01`. The first flow makes it, and the second waits for it too; if it is done already, the second
# parent starts at once, with the same value. BullMQ 4 did so, and BullMQ 6 does so where the first parent has been removed
# (taskforcesh/bullmq#2554). Or else `add` refuses, as `queue.add` with a `parent` does.
#
# What happens: a job can have one parent. The script that adds the child finds that it has another one, refuses with the code for
# "parent cannot be replaced", and `FlowProducer.add` does not look at the answers of the jobs that it adds: it resolves with the
# tree, as if all were well. The second parent is in `waiting-children`, with no child, and nothing ever ends this: no event,
# no `failed`, no time limit, and a restart changes nothing. Jobs that are completed are kept by default, so the first flow of
# the day works, and each one after it waits for ever. With `removeOnComplete: true` for the step it works if the
# flows come one after the other, as in a test. What helps is no `jobId` for a step that is shared, and to do the work
# once inside of it (a lock and a look whether it is done); who has such parents can find them by `getDependenciesCount()`, all
# of it zero.
#
# Versions: bullmq 6.7.0 with ioredis 6.0.0, the same seen with 5.1.12 and 5.67.0, and not with 4.18.3; redis-server
# 7.0.15 (any in PATH); Node 20.20. Needs redis-server, node and npm.
# Source: handleDuplicatedJob.lua and releaseParentIfNoPendingDependencies-2.lua of bullmq, and `add` of FlowProducer, which resolves
# with the tree that it was given; taskforcesh/bullmq#1163 (open since 2022). The pages on flows and on job ids do not speak of each other.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
redis=
trap 'if [ -n "$redis" ]; then kill "$redis" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bullmq@6.7.0 ioredis@6.0.0 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' --maxmemory-policy noeviction >/dev/null &
redis=$!
export port
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { FlowProducer, Queue, Worker } from 'bullmq';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const connection = { host: '127.0.0.1', port: Number(process.env.port) };
const WAIT_MS = 5000;
const flows = new FlowProducer({ connection });
await flows.waitUntilReady();
/** Adds the flows of two orders that need the same rates, the second at the given moment, and tells which orders are done. */
async function orders(number, { moment, byQueue = false, opts = {}, ...rest }) {
  const { jobId } = { jobId: 'rates-2026-12-01', ...rest };
  const [orderQueue, stepQueue] = [`orders-${number}`, `steps-${number}`];
  const [queue, steps] = [new Queue(orderQueue, { connection }), new Queue(stepQueue, { connection })];
  const done = [];
  let fetched = 0;
  let release;
  const mayEnd = new Promise((resolve) => { release = resolve; });
  const stepWorker = new Worker(stepQueue, async () => { fetched += 1; await mayEnd; return 'rates'; }, { connection, concurrency: 10 });
  const orderWorker = new Worker(orderQueue, async (job) => { done.push(`${job.name} with ${Object.values(await job.getChildrenValues())}`); }, { connection });
  const child = { name: 'rates', queueName: stepQueue, opts: { jobId, ...opts } };
  const add = (name) => flows.add({ name, queueName: orderQueue, children: [child] });
  await add('order 1');
  while (fetched === 0) await later(10);
  if (moment === 'when it is done') {
    release();
    while (done.length === 0) await later(10);
  }
  let told = 'no error';
  let second;
  if (byQueue) {
    // The same as two calls: a parent, and a child of it.
    second = await queue.add('order 2', {}, { delay: 3_600_000 });
    await steps.add('rates', {}, { jobId, parent: { id: second.id, queue: second.queueQualifiedName } }).catch((error) => { told = error.message; });
  } else {
    second = await add('order 2').then(({ job }) => job, (error) => { told = error.message; });
  }
  release();
  await later(WAIT_MS);
  const result = { told, done: done.sort().join(', '), fetched, state: await second.getState(), dependencies: await second.getDependenciesCount() };
  await Promise.all([stepWorker.close(), orderWorker.close()]);
  await Promise.all([queue.close(), steps.close()]);
  return result;
}
const cases = [
  ['no jobId, added while the step runs', { moment: 'while it runs', jobId: undefined }, 'done'],
  ['the same jobId, added while the step runs', { moment: 'while it runs' }, 'waits'],
  ['the same jobId, added when all of order 1 is done', { moment: 'when it is done' }, 'waits'],
  ['the same, with removeOnComplete for the step', { moment: 'when it is done', opts: { removeOnComplete: true } }, 'done'],
  ['the child added by queue.add with a parent', { moment: 'when it is done', byQueue: true }, 'refused'],
];
console.log(`bullmq ${version('bullmq')}, ioredis ${version('ioredis')}: two orders whose flows have the same step`);
const seen = await Promise.all(cases.map(([, how], number) => orders(number, how)));
let isSo = true;
for (const [index, [text, , expected]] of cases.entries()) {
  const { told, done, fetched, state, dependencies } = seen[index];
  console.log(`  ${text}: ${told}; ${WAIT_MS} ms later done: ${done}; order 2 is ${state}, its children: ${JSON.stringify(dependencies)}`);
  const isEmpty = Object.values(dependencies).every((count) => count === 0);
  isSo &&= {
    done: told === 'no error' && state === 'completed' && fetched === 2,
    waits: told === 'no error' && state === 'waiting-children' && isEmpty && fetched === 1 && done === 'order 1 with rates',
    refused: told !== 'no error',
  }[expected];
}
await flows.close();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
