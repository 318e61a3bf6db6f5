#!/usr/bin/env bash
# `app.close()` of a Nest microservice gives the messages that its handlers are in the middle of back to RabbitMQ, which gives them to
# the next instance at once: each deployment handles orders twice, at the same time.
#
# One would guess: a shutdown in good order (`enableShutdownHooks`, SIGTERM) takes no new messages, lets the handlers finish and
# acknowledge, and then closes the channel, as the server of HTTP waits for its requests and the worker of BullMQ for its job. The
# redelivery of RabbitMQ is for instances that die. `noAck: false` with an `ack` at the end of the handler is the way of the
# documentation to handle each message at least once, and with a shutdown that waits it is once.
#
# What happens: `close()` closes the channel while the handler runs. Whatever is not acknowledged, up to `prefetchCount` messages,
# goes to another instance in that moment, and is handled there beside the first one, which does not stop: it goes on to its
# end, after `close()` has resolved and the providers that it uses are destroyed, and its `ack` then fails. So the same order is
# charged by both, with each deployment, and never in a test. What helps is a custom transport that cancels its consumer and waits for
# its handlers (`close` of a class that extends ServerRMQ), or a lock and a record of what is done, which one needs anyway.
#
# Versions: @nestjs/microservices 12.1.1 with @nestjs/core 12.5.1, and 11.1.6, over amqplib 0.10.9 and amqp-connection-manager 4.1.14,
# RabbitMQ 3.10.8 of Debian 12, Node 20.20. Needs rabbitmq-server (the Debian package), node 20.19 or later, and npm.
# Source: `close` in server/server-rmq.ts of @nestjs/microservices (nestjs/nest#4076 asked for it in 2020). The page on RabbitMQ says how
# to acknowledge, and nothing of the shutdown.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
program=/usr/lib/rabbitmq/bin/rabbitmq-server
[ -x "$program" ] || program=$(command -v rabbitmq-server) || { echo "needs rabbitmq-server (apt-get install rabbitmq-server)"; exit 2; }
for tool in epmd node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    # The program is a script that starts others: all of them are in one group.
    kill -- "-$server" 2>/dev/null || true
    for _ in $(seq 60); do
      kill -0 -- "-$server" 2>/dev/null || break
      sleep 0.5
    done
    kill -9 -- "-$server" 2>/dev/null || true
    epmd -kill >/dev/null 2>&1 || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
cat > "$folder/ports.cjs" <<'JS'
const { createServer } = require('node:net');
const probes = [1, 2, 3].map(() => createServer().listen(0, '127.0.0.1'));
setTimeout(() => {
  console.log(probes.map((probe) => probe.address().port).join(' '));
  for (const probe of probes) probe.close();
}, 200);
JS
cat > "$folder/try.mjs" <<'JS'
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, Ctx, EventPattern, Payload, Transport } from '@nestjs/microservices';
import amqp from 'amqplib';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const url = `amqp://127.0.0.1:${process.env.RABBITMQ_NODE_PORT}`;
for (let left = 240; ; left -= 1) {
  const isUp = await amqp.connect(url, { timeout: 3000 }).then((connection) => connection.close().then(() => true), () => false);
  if (isUp) break;
  if (left === 0) throw new Error('the server does not start');
  await later(500);
}
const options = { urls: [url], queue: `orders-${version('@nestjs/core')}`, queueOptions: { durable: true } };
const log = [];
let underWay = 0;
let atOnce = 0;
let hasBegun = () => undefined;
let hasEnded = () => undefined;

/** An instance of the application; it has one message at a time. */
async function instance(name) {
  class Database {
    onModuleDestroy() {
      log.push(`the database of the ${name} one is closed`);
    }
  }
  class Orders {
    async charge(order, context) {
      log.push(`the ${name} instance begins order ${order}`);
      underWay += 1;
      atOnce = Math.max(atOnce, underWay);
      hasBegun();
      await later(3000);
      underWay -= 1;
      try {
        context.getChannelRef().ack(context.getMessage());
        log.push(`the ${name} instance has done order ${order}`);
      } catch ({ message }) {
        log.push(`the ${name} instance has done order ${order} (${message})`);
      }
      hasEnded(name);
    }
  }
  Controller()(Orders);
  EventPattern('order')(Orders.prototype, 'charge', Object.getOwnPropertyDescriptor(Orders.prototype, 'charge'));
  Payload()(Orders.prototype, 'charge', 0);
  Ctx()(Orders.prototype, 'charge', 1);
  class App {}
  Module({ controllers: [Orders], providers: [Database] })(App);
  const transport = { transport: Transport.RMQ, options: { ...options, noAck: false, prefetchCount: 1 }, logger: false };
  const app = await NestFactory.createMicroservice(App, transport);
  await app.listen();
  return app;
}

const old = await instance('old');
const client = ClientProxyFactory.create({ transport: Transport.RMQ, options });
await client.connect();
const begun = new Promise((resolve) => { hasBegun = resolve; });
client.emit('order', 1).subscribe();
await begun;
const ended = new Promise((resolve) => { hasEnded = (name) => { if (name === 'new') resolve(); }; });
const next = await instance('new');
log.push('close() of the old one');
await old.close();
log.push('close() has resolved');
await ended;
await next.close();
await client.close();
console.log(`@nestjs/microservices ${version('@nestjs/microservices')}: ${log.join('; ')}`);
console.log(`  handlers of the order at the same time: ${atOnce}`);
const at = (text) => log.findIndex((line) => line.startsWith(text));
const isSo = atOnce === 2 && at('the old instance has done') > at('close() has resolved') && at('the old instance has done') > at('the database of the old')
  && at('the new instance begins') !== -1 && /closed/i.test(log[at('the old instance has done')]);
process.exit(isSo ? 0 : 1);
JS
read -r port distribution names < <(node "$folder/ports.cjs")
for nest in 12.5.1:12.1.1 11.1.6:11.1.6; do
  mkdir "$folder/${nest%:*}"
  cd "$folder/${nest%:*}"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/core@${nest%:*}" "@nestjs/common@${nest%:*}" "@nestjs/microservices@${nest#*:}" amqplib@0.10.9 \
    amqp-connection-manager@4.1.14 reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
done
export HOME="$folder" ERL_EPMD_PORT="$names" ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME="finding-$port@localhost" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$port"
export RABBITMQ_DIST_PORT="$distribution" RABBITMQ_MNESIA_BASE="$folder/mnesia" RABBITMQ_LOG_BASE="$folder/log"
export RABBITMQ_ENABLED_PLUGINS_FILE="$folder/plugins" RABBITMQ_PID_FILE="$folder/pid"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-setcookie finding-$port"
set -m
"$program" >"$folder/server.log" 2>&1 &
server=$!
set +m
for nest in 12.5.1 11.1.6; do
  cd "$folder/$nest"
  node try.mjs || { echo 'other than described'; exit 1; }
done
echo 'as described'
