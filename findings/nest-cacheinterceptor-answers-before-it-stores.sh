#!/usr/bin/env bash
# The CacheInterceptor of Nest ends before what it caches is in the cache, so nothing around it can make it compute once.
#
# One would guess: to keep a crowd from computing the same answer at once, put an interceptor above CacheInterceptor that
# lets one request in at a time (a mutex, a queue, a lock): the first one computes and stores, and whoever comes next finds
# the answer in the cache. The stream that the interceptor returns completes when it is done, and an `await` stands in front
# of `cacheManager.set(...)` in its source.
#
# What happens: that `await` is inside of an async function that is given to `tap`, which waits for nobody. The stream
# completes, and the next request is let in, while the value is still on its way to the store. With a store in the memory
# of the process it is there in time by luck; with one over a network (here: one that takes 50 ms) each request of the queue
# that comes within that time computes again. An error of the store is logged, and nobody else hears of it either.
#
# Versions: @nestjs/cache-manager 12.0.0 with @nestjs/core 12.5.1 and cache-manager 7.2.9. Needs node and npm.
# Source: `intercept` in cache.interceptor.ts of @nestjs/cache-manager; the documentation of `tap` of RxJS.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @nestjs/common@12.5.1 @nestjs/core@12.5.1 \
  @nestjs/platform-express@12.5.1 @nestjs/cache-manager@12.0.0 cache-manager@7.2.9 keyv@5.6.0 \
  reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null
cat > try.mjs <<'JS'
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Controller, Get, Module, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { defer, finalize, from, switchMap } from 'rxjs';

const require = createRequire(import.meta.url);
const version = (name) => require(`${process.cwd()}/node_modules/${name}/package.json`).version;
const events = [];

/** A store over a network: it has what it is given after a while. */
class SlowMap extends Map {
  async get(key) {
    return super.get(key);
  }
  async set(key, value) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    events.push('stored');
    super.set(key, value);
  }
}

/** One request at a time. */
let last = Promise.resolve();
const oneAtATime = {
  intercept(_context, next) {
    const before = last;
    let done;
    last = new Promise((resolve) => (done = resolve));
    return defer(() => from(before)).pipe(
      switchMap(() => next.handle()),
      finalize(() => {
        events.push('answered');
        done();
      }),
    );
  },
};

class Rates {
  compute() {
    events.push('computed');
    return { rate: 1 };
  }
}
Get('rates')(Rates.prototype, 'compute', Object.getOwnPropertyDescriptor(Rates.prototype, 'compute'));
UseInterceptors(oneAtATime, CacheInterceptor)(
  Rates.prototype,
  'compute',
  Object.getOwnPropertyDescriptor(Rates.prototype, 'compute'),
);
Controller()(Rates);
class App {}
Module({
  imports: [CacheModule.register({ stores: [new SlowMap()], ttl: 60_000 })],
  controllers: [Rates],
})(App);

const app = await NestFactory.create(App, { logger: false });
await app.listen(0, '127.0.0.1');
const url = `${await app.getUrl()}/rates`;
console.log(`@nestjs/cache-manager ${version('@nestjs/cache-manager')}, @nestjs/core ${version('@nestjs/core')}`);
await Promise.all([1, 2, 3].map(() => fetch(url).then((answer) => answer.text())));
const computed = events.filter((event) => event === 'computed').length;
console.log(`three requests, one at a time: ${events.join(', ')}`);
await new Promise((resolve) => setTimeout(resolve, 200));
await (await fetch(url)).text();
const later = events.filter((event) => event === 'computed').length - computed;
console.log(`computed ${computed} times; for a request after the store has it: ${later} times`);
await app.close();
process.exit(computed > 1 && later === 0 && events.indexOf('answered') < events.indexOf('stored') ? 0 : 1);
JS
node try.mjs
