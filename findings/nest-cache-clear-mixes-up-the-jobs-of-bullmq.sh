#!/usr/bin/env bash
# `clear()` of the cache of Nest mixes up the jobs of BullMQ in the same Redis: new jobs are written over those that wait, jobs that
# run are run a second time, and locks are free.
#
# One would guess: `cacheManager.clear()` removes what was cached. A queue, whose keys all begin with `bull:`, has nothing to do with
# it. If it went wrong, it would be as with FLUSHDB: all jobs are gone, which one sees, and what is added from then on is done.
#
# What happens: without a namespace, which is how the cache is usually made, @keyv/redis takes each key of the database for its own
# that has no `::` in it and is a string. In BullMQ the jobs and the lists are not strings, so they stay. What is a string is the
# counter of ids and the locks of running jobs, and these go. The next jobs get the ids 1, 2, 3 once more. BullMQ does not look if there
# is such a job, and writes the new one over it: a mail that was to go to customer 2 tomorrow is never sent, and the one for customer
# 4, which has got its id, is sent now and again tomorrow. A job that runs has lost its lock, is taken for stalled, and is run beside
# itself, here with the data of another job. `SET lock token NX` succeeds although somebody has that lock. The call succeeds,
# the queue looks healthy, and with an empty queue, as in a test, nothing is wrong. What helps is `createKeyv(url, { namespace })`, or
# a database of its own for each of them.
#
# Versions: @nestjs/cache-manager 12.0.0 with @nestjs/core 12.5.1, cache-manager 7.2.9 and @keyv/redis 5.1.6; bullmq 6.7.0 with
# ioredis 6.0.0, redis-server 7.0.15 (any in PATH), Node 20.20. Needs redis-server, node 20.19 or later, and npm. Locks of jobs last
# two seconds here, so that one need not wait for half a minute.
# Source: `clear` in src/index.ts of @keyv/redis (`TYPE: 'string'`; jaredwray/keyv#1222 is about what it takes without a namespace),
# addDelayedJob and addStandardJob of the Lua of bullmq (INCR, and no look if the key is there). The Readme of @keyv/redis says that
# without a namespace `clear` is for all keys without one; nobody speaks of other users of the database.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nestjs/core@12.5.1 @nestjs/common@12.5.1 @nestjs/cache-manager@12.0.0 cache-manager@7.2.9 \
  @keyv/redis@5.1.6 bullmq@6.7.0 ioredis@6.0.0 reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
cat > try.mjs <<'JS'
import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { createKeyv } from '@keyv/redis';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
process.on('exit', () => server.kill());
const answers = () =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
while (!(await answers())) await later(50);
const connection = { host: '127.0.0.1', port };

/** Clears the cache while one job runs and one is delayed, adds two others, and gives back who was sent how many mails. */
async function clearBeside(options) {
  const redis = new Redis(connection);
  await redis.flushall();
  class App {}
  Module({ imports: [CacheModule.register({ stores: [createKeyv(`redis://127.0.0.1:${port}`, options)] })] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const cache = app.get(CACHE_MANAGER, { strict: false });
  await cache.set('price', 5);
  const sent = { 'customer 1': 0, 'customer 2': 0, 'customer 3': 0, 'customer 4': 0 };
  let finish;
  const finished = new Promise((resolve) => { finish = resolve; });
  const send = async ({ data }) => {
    sent[data.to] += 1;
    if (data.to === 'customer 1') await finished;
  };
  const workers = [1, 2].map(() => new Worker('mails', send, { connection, lockDuration: 2000, stalledInterval: 1000 }));
  for (const worker of workers) worker.on('error', () => undefined);
  const queue = new Queue('mails', { connection });
  const first = await queue.add('mail', { to: 'customer 1' });
  await queue.add('mail', { to: 'customer 2' }, { delay: 4000 });
  while (!(await first.isActive())) await later(50);
  const mine = await redis.set('lock:stock', 'mine', 'PX', 60_000, 'NX');
  await cache.clear();
  const others = await redis.set('lock:stock', 'of somebody else', 'PX', 60_000, 'NX');
  const ids = [];
  for (const to of ['customer 3', 'customer 4']) ids.push((await queue.add('mail', { to })).id);
  // The delayed job is due after four seconds; what has lost its lock is taken for stalled a second or two later.
  for (let left = 60; left > 0 && sent['customer 2'] === 0 && sent['customer 4'] < 2; left -= 1) await later(500);
  await later(4000);
  finish();
  await Promise.all(workers.map((worker) => worker.close(true)));
  await queue.close();
  await app.close();
  redis.disconnect();
  console.log(`  ${options === undefined ? 'without a namespace' : 'with a namespace'}: new jobs got the ids ${ids.join(' and ')}; mails sent: ${
    Object.entries(sent).map(([to, count]) => `${to}: ${count}`).join(', ')}; a lock was given to the first: ${mine}, and to the second: ${others}`);
  return { sent: Object.values(sent).join(), ids: ids.join(), locks: [mine, others].join() };
}

console.log(`@nestjs/cache-manager ${version('@nestjs/cache-manager')}, cache-manager ${version('cache-manager')}, @keyv/redis ${
  version('@keyv/redis')}, bullmq ${version('bullmq')}; one job runs and one is delayed, then the cache is cleared, then two are added`);
const shared = await clearBeside(undefined);
const named = await clearBeside({ namespace: 'cache' });
const isSo = shared.sent === '1,0,2,2' && shared.ids === '1,2' && shared.locks === 'OK,OK'
  && named.sent === '1,1,1,1' && named.ids === '3,4' && named.locks === 'OK,';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
