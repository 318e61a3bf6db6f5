#!/usr/bin/env bash
# A saga of @nestjs/cqrs that throws for one event is gone for all later ones, until the application starts anew.
#
# One would guess: an error for one event is the error of that event, as it is with the event handlers and the command handlers of the
# same package: it is logged, UnhandledExceptionBus tells of it, and the next event is handled. The bus catches what a
# saga throws, and says "has thrown an unhandled exception" of it in the same words.
#
# What happens: the error is caught behind the stream of the saga, which RxJS has ended by then, and an empty stream takes its place.
# The process goes on, other handlers get each event, and nobody is subscribed for the saga any more: no later order is shipped, no
# later payment confirmed, for the whole life of the instance, and the log has one line, of the event with which it began. One
# event with a field that is missing is enough. In a fleet it is the instance that had that event, so some of the orders
# are shipped. Where the command that it has sent fails, the saga goes on, which is the case that one tries. What helps is to catch
# errors for each event, within `mergeMap`.
#
# Versions: @nestjs/cqrs 12.0.0 with @nestjs/core 12.5.1, and 11.0.3 with 11.1.6, Node 20.20. Needs node 20.19 or later, and npm.
# Source: `registerSaga` in event-bus.ts of @nestjs/cqrs (`catchError` that returns `of()`). nestjs/cqrs#1838, that such an error ends the
# application and stops the saga, was closed with that. The page on CQRS speaks of UnhandledExceptionBus, and of no end.
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
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandHandler, CqrsModule, EventBus, EventsHandler, Saga, UnhandledExceptionBus } from '@nestjs/cqrs';
import { filter, map } from 'rxjs';

const { version } = JSON.parse(readFileSync('node_modules/@nestjs/cqrs/package.json', 'utf8'));
console.log(`@nestjs/cqrs ${version}; the orders 1 to 6 are paid`);
class Paid {
  constructor(order) { this.order = order; }
}
class Ship {
  constructor(order) { this.order = order; }
}

/** Who has had which orders, if the saga, the command or the event handler fails for order 2. */
async function orders(fails) {
  const shipped = [];
  const noted = [];
  const told = [];
  const fail = (who, { order }) => {
    if (who === fails && order === 2) throw new Error(`there is no address for order ${order}`);
  };
  class ShipHandler {
    async execute(command) {
      fail('command handler', command);
      shipped.push(command.order);
    }
  }
  CommandHandler(Ship)(ShipHandler);
  class Notes {
    async handle(event) {
      fail('event handler', event);
      noted.push(event.order);
    }
  }
  EventsHandler(Paid)(Notes);
  class Sagas {
    paid = (events) => events.pipe(
      filter((event) => event instanceof Paid),
      map((event) => {
        fail('saga', event);
        return new Ship(event.order);
      }),
    );
  }
  Injectable()(Sagas);
  Saga()(Sagas.prototype, 'paid');
  class App {}
  Module({ imports: [CqrsModule.forRoot()], providers: [ShipHandler, Notes, Sagas] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  app.get(UnhandledExceptionBus).subscribe(({ exception }) => told.push(exception.message));
  for (let order = 1; order <= 6; order += 1) {
    app.get(EventBus).publish(new Paid(order));
    await later(50);
  }
  await app.close();
  console.log(`  the ${fails} fails for order 2: shipped by the saga: ${shipped.join(', ')}; noted by an event handler: ${noted.join(', ')};`
    + ` UnhandledExceptionBus: ${told.join(', ')}`);
  return `${shipped.join()} ${noted.join()} ${told.length}`;
}
const saga = await orders('saga');
const command = await orders('command handler');
const event = await orders('event handler');
process.exit(saga === '1 1,2,3,4,5,6 1' && command === '1,3,4,5,6 1,2,3,4,5,6 1' && event === '1,2,3,4,5,6 1,3,4,5,6 1' ? 0 : 1);
JS
for versions in '12.5.1 12.0.0' '11.1.6 11.0.3'; do
  read -r nest cqrs <<<"$versions"
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/core@$nest" "@nestjs/common@$nest" "@nestjs/cqrs@$cqrs" reflect-metadata@0.2.2 rxjs@7.8.2 \
    >/dev/null || exit 2
  node try.mjs || { echo 'other than described'; exit 1; }
done
echo 'as described'
