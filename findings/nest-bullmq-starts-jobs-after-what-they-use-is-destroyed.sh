#!/usr/bin/env bash
# At a shutdown, @nestjs/bullmq goes on to start jobs after the providers that they use have been destroyed.
#
# One would guess: the worker is what brings work into the application, so it stops first: there is no new job once the shutdown
# has begun, the one that is under way finishes, and then databases and other providers end. Nest (since 11) calls the hook of a
# provider before those of what it depends on, and `worker.close()` of BullMQ, which the package calls, waits for the job.
#
# What happens: it calls it in `onApplicationShutdown`, which is the last kind of hook, and Nest calls one kind for all
# providers before it goes on to the next one. `onModuleDestroy`, in which most services end what they have (it is the example of
# the documentation for Prisma), comes first, for all of them. So the job that is under way loses its database in the middle, and
# while the hooks of others take their time, the worker takes job after job, each of which fails and uses up an attempt. With
# `attempts: 1`, the default, they are failed for good: some of them at each deployment, among thousands that are well. What helps
# is `await this.worker.pause()` in `onModuleDestroy` of the processor, which waits for the job that is under way, with Nest 11 or
# later.
#
# Versions: @nestjs/bullmq 12.0.0 with @nestjs/core 12.5.1 and bullmq 6.7.0, and 11.0.4 with 11.1.6 and bullmq 5.58.0,
# redis-server 7.0.15 (any in PATH), Node 20.20. Needs redis-server, redis-cli, node 20.19 or later, and npm. The hook of the database takes a
# second, as one does that sends what it has left.
# Source: `onApplicationShutdown` in bull.explorer.ts and bull.providers.ts of @nestjs/bullmq; `close` in
# nest-application-context.ts of @nestjs/core. The page on queues does not speak of the shutdown (nestjs/bull#2069 tells of queues
# that are closed under a job).
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server redis-cli; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cat > "$folder/try.mjs" <<'JS'
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { setTimeout as later } from 'node:timers/promises';
import { BullModule, Processor, WorkerHost } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Queue } from 'bullmq';

const require = createRequire(`${process.cwd()}/`);
const connection = { port: Number(process.argv[2]) };
const version = (name) => require(`${name}/package.json`).version;

/** What becomes of five jobs, if the application is closed while the first one is under way. */
async function closed(pauses) {
  const name = pauses ? 'with-pause' : 'plain';
  const log = [];
  let hasBegun = () => undefined;
  const begun = new Promise((resolve) => { hasBegun = resolve; });
  class Database {
    isOpen = true;
    query() {
      if (!this.isOpen) throw new Error('the database is closed');
    }
    async onModuleDestroy() {
      log.push('the database is closed');
      this.isOpen = false;
      await later(1000);
    }
  }
  class DatabaseModule {}
  Module({ providers: [Database], exports: [Database] })(DatabaseModule);
  class Orders extends WorkerHost {
    constructor(database) {
      super();
      this.database = database;
    }
    async process({ data }) {
      log.push(`order ${data} begins`);
      hasBegun();
      this.database.query();
      await later(300);
      this.database.query();
    }
  }
  if (pauses) Orders.prototype.onModuleDestroy = async function () { await this.worker.pause(); };
  Reflect.defineMetadata('design:paramtypes', [Database], Orders);
  Processor(name)(Orders);
  class App {}
  Module({ imports: [DatabaseModule, BullModule.forRoot({ connection }), BullModule.registerQueue({ name })], providers: [Orders] })(App);

  const queue = new Queue(name, { connection });
  await queue.addBulk([1, 2, 3, 4, 5].map((data) => ({ name: 'order', data })));
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  await begun;
  log.push('close()');
  await app.close();
  const { completed, failed, waiting } = await queue.getJobCounts('completed', 'failed', 'waiting');
  await queue.close();
  console.log(`  ${pauses ? 'with a hook that pauses the worker: ' : ''}${log.join(', ')}`);
  console.log(`    orders: ${completed} completed, ${failed} failed for good, ${waiting} wait for the next instance`);
  return { completed, failed, waiting, log };
}

console.log(`@nestjs/bullmq ${version('@nestjs/bullmq')}, @nestjs/core ${version('@nestjs/core')}, bullmq ${version('bullmq')}`);
const plain = await closed(false);
const paused = await closed(true);
const isSo = plain.completed === 0 && plain.failed >= 2 && plain.log.indexOf('order 2 begins') > plain.log.indexOf('the database is closed')
  && paused.completed === 1 && paused.failed === 0 && paused.waiting === 4;
process.exit(isSo ? 0 : 1);
JS
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
for versions in '12.0.0 12.5.1 6.7.0 6.0.0' '11.0.4 11.1.6 5.58.0 5.8.2'; do
  read -r nest_bullmq nest bullmq ioredis <<<"$versions"
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/bullmq@$nest_bullmq" "@nestjs/core@$nest" "@nestjs/common@$nest" "bullmq@$bullmq" \
    "ioredis@$ioredis" reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
  redis-cli -p "$port" flushall >/dev/null
  node try.mjs "$port" || { echo 'other than described'; exit 1; }
done
echo 'as described'
