#!/usr/bin/env bash
# At a shutdown, events of @nestjs/cqrs that the last requests publish are handled by nobody, and with the waiting time of
# @nestjs/terminus it is so for all requests of that time.
#
# One would guess: a graceful shutdown lets the requests that are under way finish, and to finish includes what they set off in the
# same process: a request that sells an item and publishes ItemSold is answered with 201, and the handler that reserves it, or
# writes the outbox, is called. It is so with @nestjs/event-emitter. `gracefulShutdownTimeoutMs` of terminus is for the time in
# which a load balancer still sends requests, so that each of them is served as ever.
#
# What happens: the event bus unsubscribes all handlers and sagas in `onModuleDestroy`. That is the first of the hooks; the server
# of HTTP takes requests, and waits for those under way, until the third. So each request that publishes in between is answered with
# 201, and its event goes to nobody: `publish` does not throw, nothing is logged, and UnhandledExceptionBus hears nothing. Without
# terminus these are the requests under way at a deployment. Terminus waits in the second hook, `beforeApplicationShutdown`, so the
# time that is meant to lose no request begins when the bus (and whatever else ends in `onModuleDestroy`) is gone, and each request
# of those seconds loses its events. What helps is to refuse requests from `onModuleDestroy` on, or to wait before `app.close()` is
# called.
#
# Versions: @nestjs/cqrs 12.0.0, @nestjs/terminus 12.1.0 and @nestjs/event-emitter 12.0.1 with @nestjs/core 12.5.1; 11.0.3, 11.0.0
# and 3.0.1 with 11.1.6. Needs node 20.19 or later, and npm.
# Source: `onModuleDestroy` in event-bus.ts of @nestjs/cqrs; `beforeApplicationShutdown` in health-check-executor.service.ts (11:
# graceful-shutdown-timeout.service.ts) of @nestjs/terminus; `close` in nest-application-context.ts of @nestjs/core. The page on
# lifecycle events names the order of the hooks; those on CQRS and on health checks do not speak of it.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.mjs" <<'JS'
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Controller, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CqrsModule, EventBus, EventsHandler } from '@nestjs/cqrs';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { TerminusModule } from '@nestjs/terminus';

const require = createRequire(`${process.cwd()}/`);
const version = (name) => `${name} ${require(`${name}/package.json`).version}`;
const ofClass = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name);

/** What becomes of a request that is under way when the shutdown begins, and of one that comes after it. */
async function closed(waits) {
  const reserved = { cqrs: [], emitter: [] };
  class ItemSold {
    constructor(order) {
      this.order = order;
    }
  }
  class ReserveItem {
    handle({ order }) {
      reserved.cqrs.push(order);
    }
    heard(order) {
      reserved.emitter.push(order);
    }
  }
  EventsHandler(ItemSold)(ReserveItem);
  OnEvent('item.sold')(ReserveItem.prototype, 'heard', ofClass(ReserveItem.prototype, 'heard'));
  const payments = [];
  let hasCome = () => undefined;
  let orders = 0;
  class Shop {
    constructor(bus, emitter) {
      this.bus = bus;
      this.emitter = emitter;
    }
    async sell() {
      const order = (orders += 1);
      await new Promise((resolve) => {
        payments.push(resolve);
        hasCome();
      });
      this.bus.publish(new ItemSold(order));
      this.emitter.emit('item.sold', order);
      return { order };
    }
  }
  Controller()(Shop);
  Inject(EventBus)(Shop, undefined, 0);
  Inject(EventEmitter2)(Shop, undefined, 1);
  Post()(Shop.prototype, 'sell', ofClass(Shop.prototype, 'sell'));
  let hasBegun = () => undefined;
  const begun = new Promise((resolve) => { hasBegun = resolve; });
  class Watch {
    beforeApplicationShutdown() {
      hasBegun();
    }
  }
  class App {}
  Module({
    imports: [CqrsModule.forRoot(), EventEmitterModule.forRoot(), ...(waits ? [TerminusModule.forRoot({ gracefulShutdownTimeoutMs: 3000, logger: false })] : [])],
    controllers: [Shop],
    providers: [ReserveItem, Watch],
  })(App);
  const app = await NestFactory.create(App, { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const sell = async () => {
    const isThere = new Promise((resolve) => { hasCome = resolve; });
    const answer = fetch(url, { method: 'POST', headers: { connection: 'close' } }).then(async (response) => `${response.status} ${await response.text()}`, ({ cause }) => cause.code);
    await Promise.race([isThere, answer]);
    return { answer };
  };
  const ordinary = await sell();
  payments[0]();
  const answers = [await ordinary.answer];
  const underWay = await sell();
  const closing = app.close('SIGTERM');
  await begun;
  const late = waits ? await sell() : undefined;
  for (const pay of payments) pay();
  answers.push(await underWay.answer);
  if (late) answers.push(await late.answer);
  await closing;
  return { answers, reserved };
}

console.log(['@nestjs/core', '@nestjs/cqrs', '@nestjs/terminus', '@nestjs/event-emitter'].map(version).join(', '));
let isSo = true;
for (const waits of [false, true]) {
  const { answers, reserved } = await closed(waits);
  const all = waits ? '1, 2, 3' : '1, 2';
  console.log(waits ? '  order 2 is under way when the application is closed, order 3 comes while terminus waits:' : '  order 2 is under way when the application is closed:');
  console.log(`    answered: ${answers.join(' and ')}`);
  console.log(`    handled by @EventsHandler: ${reserved.cqrs.join(', ')}; by @OnEvent: ${reserved.emitter.join(', ')}`);
  isSo &&= answers.every((answer) => answer.startsWith('201')) && reserved.cqrs.join(', ') === '1' && reserved.emitter.join(', ') === all;
}
process.exit(isSo ? 0 : 1);
JS
for versions in '12.5.1 12.5.1 12.0.0 12.1.0 12.0.1' '11.1.6 11.1.6 11.0.3 11.0.0 3.0.1'; do
  read -r nest express cqrs terminus emitter <<< "$versions"
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/common@$nest" "@nestjs/core@$nest" "@nestjs/platform-express@$express" "@nestjs/cqrs@$cqrs" \
    "@nestjs/terminus@$terminus" "@nestjs/event-emitter@$emitter" reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
  node try.mjs || { echo 'other than described'; exit 1; }
done
echo 'as described'
