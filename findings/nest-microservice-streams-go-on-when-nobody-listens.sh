#!/usr/bin/env bash
# A message handler of a Nest microservice that returns an Observable goes on when its client has unsubscribed, has gone, and
# even when the application is closed.
#
# One would guess: Nest subscribes to the Observable for the client, so it unsubscribes when the client does, or at the latest when
# the connection of the client breaks. It does so with gRPC, and with `@Sse()` when the browser goes away. And `app.close()` ends
# what the application is doing for clients.
#
# What happens: with TCP, and in the same way with Redis and NATS, `unsubscribe()` in the client tells the server nothing, and the
# server does not look whether the connection is still there. The subscription is kept by nobody, so nothing can end it: the
# stream is read to its end, and each value is made, encoded and thrown away. A feed that has no end goes on for ever, one more
# for each client that has come and gone, and what it has taken (a cursor, a lock, a subscription) is never given back. After
# `app.close()` it goes on as well, with providers that are destroyed by then, and keeps the process alive. What helps is an end
# that the handler gives its stream itself, `takeUntil` of the shutdown and a limit of time, or gRPC.
#
# Versions: @nestjs/microservices 12.1.1 with @nestjs/core 12.5.1, and 11.1.6. Needs node 20.19 or later, and npm.
# Source: `send` in server/server.ts of @nestjs/microservices, which subscribes and keeps no subscription; `unsubscribe` of
# ClientProxy only forgets the id of the answer. gRPC ends it since nestjs/nest#774. The page on microservices says that a handler
# may return an Observable, whose values are sent until it completes, and nothing of a client that leaves.
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
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';

const require = createRequire(`${process.cwd()}/`);
const { Controller, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { ClientProxyFactory, MessagePattern, Transport } = require('@nestjs/microservices');
const { interval, tap } = require('rxjs');
const { version } = JSON.parse(readFileSync('node_modules/@nestjs/microservices/package.json', 'utf8'));

let made = 0;

class Feed {
  numbers() {
    return interval(20).pipe(tap(() => (made += 1)));
  }
}
MessagePattern('numbers')(Feed.prototype, 'numbers', Object.getOwnPropertyDescriptor(Feed.prototype, 'numbers'));
Controller()(Feed);
class AppModule {}
Module({ controllers: [Feed] })(AppModule);

/** The number of values that the handler makes within half a second. */
async function madeFromNow() {
  const before = made;
  await later(500);
  return made - before;
}

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, () => {
    const { port: free } = server.address();
    server.close(() => resolve(free));
  });
});
const options = { transport: Transport.TCP, options: { host: '127.0.0.1', port } };
const app = await NestFactory.createMicroservice(AppModule, { ...options, logger: false });
await app.listen();
const client = ClientProxyFactory.create(options);
await client.connect();

let received = 0;
const subscription = client.send('numbers', {}).subscribe({ next: () => (received += 1), error: () => {} });
while (received < 5) await later(10);
subscription.unsubscribe();
const unsubscribed = await madeFromNow();
await client.close();
const gone = await madeFromNow();
await app.close();
const closed = await madeFromNow();
console.log(`@nestjs/microservices ${version}: values that the handler makes in half a second`);
console.log(`  after the client has unsubscribed: ${unsubscribed}`);
console.log(`  after it has closed its connection: ${gone}`);
console.log(`  after app.close(): ${closed}`);
const isSo = unsubscribed > 0 && gone > 0 && closed > 0;
console.log(isSo ? '  as described' : '  other than described');
process.exit(isSo ? 0 : 1);
JS
while read -r nest microservices; do
  mkdir "$folder/$nest"
  cd "$folder/$nest"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "@nestjs/common@$nest" "@nestjs/core@$nest" \
    "@nestjs/microservices@$microservices" reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
  node try.mjs
done <<'VERSIONS'
12.5.1 12.1.1
11.1.6 11.1.6
VERSIONS
