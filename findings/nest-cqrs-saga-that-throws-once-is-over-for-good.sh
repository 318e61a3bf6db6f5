#!/usr/bin/env bash
# A saga of @nestjs/cqrs that throws at one event is over for good, with the log line of any other error.
#
# One would guess: a saga is called for each event, as a handler is. If it throws at one of them, that event is lost, the log says
# "has thrown an unhandled exception", UnhandledExceptionBus is told, and the next event is handled. It is so with `@EventsHandler`,
# and with a command of a saga that fails, each with a log line of the same form. Before 11 such an error ended the process
# (nestjs/cqrs#1838), which a supervisor starts anew; the issue is closed as mended.
#
# What happens: the error is caught behind the stream of the saga, which is over by then, so it is replaced by nothing and
# completes. The application lives on and is healthy, and from that moment the saga hears no event of any order: what it sets off
# (the shipping, the refund, the next step) does not happen for anybody until the process starts anew. One order without an address
# is enough. Other sagas go on, and so do other instances, each until it meets such an event itself. What helps is a `catchError`
# inside the saga, within the `mergeMap` of the one event, or `rethrowUnhandled: true`, with which the process ends.
#
# Versions: @nestjs/cqrs 12.0.0 with @nestjs/core 12.5.1, and 11.0.3 with 11.1.6. Needs node 20.19 or later, and npm.
# Source: `registerSaga` and `bind` in event-bus.ts of @nestjs/cqrs (nestjs/cqrs#1838 and #1401). The page on CQRS says of sagas
# that they return a stream, and of UnhandledExceptionBus that it is told of errors of sagas.
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
import { setTimeout as later } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandHandler, CqrsModule, EventBus, EventsHandler, ofType, Saga } from '@nestjs/cqrs';
import { catchError, EMPTY, map, mergeMap, of } from 'rxjs';

const require = createRequire(`${process.cwd()}/`);
const version = (name) => require(`${name}/package.json`).version;
class ItemSold {
  constructor(order, address) {
    this.order = order;
    this.address = address;
  }
}
class Ship {
  constructor({ order, address }) {
    this.order = order;
    this.town = address.town;
  }
}
/** The orders that were shipped by a saga, counted by a handler of events, and the lines of the log. */
async function sold(saga) {
  const shipped = [];
  const counted = [];
  const lines = [];
  class ShipHandler {
    async execute({ order, town }) {
      if (town === 'closed') throw new Error('no ship to that town');
      shipped.push(order);
    }
  }
  CommandHandler(Ship)(ShipHandler);
  class Count {
    handle({ order, address }) {
      counted.push(`${order}${address.town ? '' : '?'}`);
    }
  }
  EventsHandler(ItemSold)(Count);
  class Sagas {
    shipping(events$) {
      return saga(events$);
    }
  }
  Saga()(Sagas.prototype, 'shipping', Object.getOwnPropertyDescriptor(Sagas.prototype, 'shipping'));
  class App {}
  Module({ imports: [CqrsModule.forRoot()], providers: [ShipHandler, Count, Sagas] })(App);
  const silent = () => undefined;
  const logger = { log: silent, warn: silent, debug: silent, verbose: silent, fatal: silent, error: (line) => { if (/thrown/.test(line)) lines.push(line); } };
  const app = await NestFactory.createApplicationContext(App, { logger });
  const bus = app.get(EventBus);
  for (const [order, address] of [[1, { town: 'A' }], [2, { town: 'closed' }], [3, { town: 'B' }], [4, undefined], [5, { town: 'C' }], [6, { town: 'D' }]]) {
    bus.publish(new ItemSold(order, address));
    await later(20);
  }
  await app.close();
  return { shipped: shipped.join(', '), counted: counted.join(', '), lines };
}

console.log(`@nestjs/cqrs ${version('@nestjs/cqrs')} with @nestjs/core ${version('@nestjs/core')}: of 6 orders the command of order 2 fails, and order 4 has no address`);
const plain = await sold((events$) => events$.pipe(ofType(ItemSold), map((event) => new Ship(event))));
const careful = await sold((events$) =>
  events$.pipe(ofType(ItemSold), mergeMap((event) => of(event).pipe(map((one) => new Ship(one)), catchError(() => EMPTY)))));
console.log(`  shipped by the saga: ${plain.shipped}; counted by @EventsHandler, which throws at order 4 too: ${plain.counted}; the log:`);
for (const line of plain.lines) console.log(`    ${line}`);
console.log(`  shipped by a saga with catchError inside of mergeMap: ${careful.shipped}`);
const isSo = plain.shipped === '1, 3' && plain.counted === '1, 2, 3, 5, 6' && plain.lines.length === 3 && careful.shipped === '1, 3, 5, 6';
process.exit(isSo ? 0 : 1);
JS
for versions in '12.5.1 12.0.0' '11.1.6 11.0.3'; do
  read -r nest cqrs <<< "$versions"
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/common@$nest" "@nestjs/core@$nest" "@nestjs/cqrs@$cqrs" reflect-metadata@0.2.2 \
    rxjs@7.8.2 >/dev/null || exit 2
  node try.mjs || { echo 'other than described'; exit 1; }
done
echo 'as described'
