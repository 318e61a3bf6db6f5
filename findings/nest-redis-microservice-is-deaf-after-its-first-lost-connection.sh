#!/usr/bin/env bash
# A Nest microservice over Redis does not reconnect: its first lost connection makes it deaf for good, while the application around it
# stays up.
#
# One would guess: the transport is ioredis, which reconnects by itself for ever, and takes its subscriptions up again. So a restart
# of Redis, a failover, an idle timeout of a proxy or a CLIENT KILL costs some seconds. The transports for RabbitMQ and MQTT do
# reconnect. The one option that looks as if it had to do with it, `retryAttempts`, is described as the number of times to retry a
# message.
#
# What happens: `retryAttempts` is what decides about reconnections, it is 0 by default, and Nest puts it in the place of the
# retryStrategy of ioredis. So both connections of the server end with their first break. The log has "No further reconnection
# attempts will be made", `status` emits `disconnected`, no error is raised, and in a hybrid application HTTP goes on to answer,
# and so does each health check that does not ask the transport. That instance handles no message any more. A restart of Redis
# does this to all instances of a fleet in the same second. Clients see requests that are never answered; events (`emit`) are
# lost without a sign. With a number it is a limit for one outage: after that many attempts it is over as well. What helps is
# `retryAttempts: Infinity`, with a `retryDelay` (5 seconds by default).
#
# Versions: @nestjs/microservices 12.1.1 with @nestjs/core 12.5.1, and 11.1.6, over ioredis 5.8.2, redis-server 7.0.15 (any in PATH), Node
# 20.20. Needs redis-server, redis-cli, node 20.19 or later, and npm. The connections are ended with CLIENT KILL.
# Source: `createRetryStrategy` in server/server-redis.ts of @nestjs/microservices (nestjs/nest#2246 and #14559 tell of it). The page on
# Redis describes the option as above.
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
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, EventPattern, MessagePattern, Transport } from '@nestjs/microservices';

const port = Number(process.argv[2]);
const redis = (...parts) => execFileSync('redis-cli', ['-p', String(port), ...parts], { encoding: 'utf8' }).trim();
const { version } = JSON.parse(readFileSync('node_modules/@nestjs/microservices/package.json', 'utf8'));
console.log(`@nestjs/microservices ${version}`);

/** What an instance answers before its connections are ended, and some time after that. */
async function instance(text, extra) {
  const events = [];
  class Orders {
    health() { return 'ok'; }
    price() { return 7; }
    paid(order) { events.push(order); }
  }
  const describe = (decorate, method) => decorate(Orders.prototype, method, Object.getOwnPropertyDescriptor(Orders.prototype, method));
  Controller()(Orders);
  describe(Get('health'), 'health');
  describe(MessagePattern('price'), 'price');
  describe(EventPattern('paid'), 'paid');
  class App {}
  Module({ controllers: [Orders] })(App);
  const app = await NestFactory.create(App, { logger: false });
  const statuses = [];
  const options = { host: '127.0.0.1', port, ...extra };
  const microservice = app.connectMicroservice({ transport: Transport.REDIS, options });
  microservice.status?.subscribe((status) => statuses.push(status));
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const state = async () => {
    // Each time a client of its own, which is connected.
    const client = ClientProxyFactory.create({ transport: Transport.REDIS, options: { host: '127.0.0.1', port } });
    await client.connect();
    const answer = new Promise((resolve) => { client.send('price', 1).subscribe({ next: (value) => resolve(`answers ${value}`), error: () => resolve('fails') }); });
    const price = await Promise.race([answer, later(3000).then(() => 'gives no answer')]);
    client.emit('paid', 1).subscribe();
    await later(500);
    const health = (await fetch(`${await app.getUrl()}/health`)).status;
    await client.close();
    return { price, health, handled: events.splice(0).length, subscribed: redis('PUBSUB', 'NUMSUB', 'price').split('\n')[1] };
  };
  const tell = (when, { price, health, handled, subscribed }) =>
    console.log(`  ${text}, ${when}: a message ${price}; events handled: ${handled}; HTTP: ${health}; subscribers on the server: ${subscribed}`);
  const before = await state();
  tell('before', before);
  redis('CLIENT', 'KILL', 'TYPE', 'pubsub');
  redis('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await later(7000);
  const after = await state();
  tell('seven seconds after its connections were ended', after);
  if (statuses.length) console.log(`    status: ${statuses.join(', ')}`);
  await app.close().catch(() => undefined);
  return [before, after].map(({ price, handled, health }) => `${price} ${handled} ${health}`).join('; ');
}
const plain = await instance('with the defaults', {});
const retries = await instance('with retryAttempts: Infinity', { retryAttempts: Infinity, retryDelay: 1000 });
const isSo = plain === 'answers 7 1 200; gives no answer 0 200' && retries === 'answers 7 1 200; answers 7 1 200';
process.exit(isSo ? 0 : 1);
JS
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
for versions in '12.5.1 12.1.1' '11.1.6 11.1.6'; do
  read -r nest microservices <<<"$versions"
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/core@$nest" "@nestjs/common@$nest" "@nestjs/platform-express@$nest" \
    "@nestjs/microservices@$microservices" ioredis@5.8.2 reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
  node try.mjs "$port" || { echo 'other than described'; exit 1; }
done
echo 'as described'
