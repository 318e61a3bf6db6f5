#!/usr/bin/env bash
# `commit()` of an aggregate of @nestjs/cqrs hands its list of events to the publisher and then empties that same list, so a
# publisher that first waits for anything publishes nothing.
#
# One would guess: `publishAll(events)` of a publisher of one's own (an outbox, Kafka, a store of events) is handed the events of
# the aggregate, as `publish(event)` is handed one. It was asked for to write all of them in one transaction (nestjs/cqrs#325). It
# is natural that it is async, and that it first connects, or begins the transaction. Or, if nobody waits for it, it is at least
# handed a list that is its own.
#
# What happens: `commit()` calls it with the private list of the aggregate and sets `length = 0` on it when the call returns,
# which is at its first `await`. The publisher then goes through an empty list: it inserts no row, sends nothing, and succeeds.
# `commit()` returns undefined, so nobody could have waited. A publisher in memory, such as that of a test, reads the list
# before it waits and has all of them. `getUncommittedEvents()` gives that same list too: an application that takes the events,
# commits, and then writes them down, writes none. And an event that a handler applies to the aggregate while `commit()`
# publishes is dropped with the rest. What helps is a copy as the first thing, `events = [...events]`, or `publish` alone, which
# is called for each event.
#
# Versions: @nestjs/cqrs 12.0.0 with @nestjs/core 12.5.1, and 11.0.3 with 11.1.6. Needs node 20.19 or later, and npm.
# Source: `commit` in mixins/with-aggregate-root.mixin.ts (11: aggregate-root.ts), and `publishAll` in event-bus.ts of @nestjs/cqrs.
# The page on CQRS says that `commit` publishes the events, and that a publisher of one's own implements IEventPublisher.
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
import { AggregateRoot, CqrsModule, EventBus, EventPublisher } from '@nestjs/cqrs';

const require = createRequire(`${process.cwd()}/`);
const version = (name) => require(`${name}/package.json`).version;
class ItemSold {}
class InvoiceDue {}
class Order extends AggregateRoot {
  sell() {
    this.apply(new ItemSold());
    this.apply(new InvoiceDue());
  }
}
const nameOf = (event) => event.constructor.name;

/** What is in the outbox after an order was committed, by the way in which the publisher writes. */
async function written(publishAll) {
  const outbox = [];
  const publisher = { publish: async (event) => { await later(5); outbox.push(nameOf(event)); } };
  if (publishAll !== undefined) publisher.publishAll = publishAll(outbox);
  class App {}
  Module({ imports: [CqrsModule.forRoot()] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  app.get(EventBus).publisher = publisher;
  const order = app.get(EventPublisher).mergeObjectContext(new Order());
  order.sell();
  const returned = order.commit();
  await returned;
  await later(100);
  await app.close();
  return outbox.join(', ') || 'nothing';
}

console.log(`@nestjs/cqrs ${version('@nestjs/cqrs')} with @nestjs/core ${version('@nestjs/core')}, of ItemSold and InvoiceDue the outbox has:`);
const both = 'ItemSold, InvoiceDue';
const ways = [
  ['publishAll that writes at once', both, (outbox) => async (events) => { outbox.push(...events.map(nameOf)); }],
  ['publishAll that begins a transaction first', 'nothing', (outbox) => async (events) => {
    await later(5);
    outbox.push(...events.map(nameOf));
  }],
  ['publishAll that writes one after the other', 'ItemSold', (outbox) => async (events) => {
    for (const event of events) {
      outbox.push(nameOf(event));
      await later(5);
    }
  }],
  ['publishAll that copies the list first', both, (outbox) => async (events) => {
    const own = [...events];
    await later(5);
    outbox.push(...own.map(nameOf));
  }],
  ['publish alone', both, undefined],
];
let isSo = true;
for (const [name, expected, publishAll] of ways) {
  const got = await written(publishAll);
  console.log(`  ${name}: ${got}`);
  isSo &&= got === expected;
}
const order = new Order();
order.sell();
const events = order.getUncommittedEvents();
const before = events.length;
order.commit();
console.log(`  getUncommittedEvents() had ${before} events before commit(), and the same list has ${events.length} after it`);
isSo &&= before === 2 && events.length === 0;
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
