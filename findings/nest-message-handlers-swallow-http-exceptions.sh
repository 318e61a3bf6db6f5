#!/usr/bin/env bash
# An HttpException in a message handler or a gateway of Nest is told to nobody: the client hears "Internal server error", and
# the server logs nothing.
#
# One would guess: an exception that is not meant for the transport is an unknown one. The client gets "Internal server error",
# so that nothing leaks, and the server logs it with its stack, as it does with every other error that nobody expected. A service
# that is used by controllers of HTTP and by message handlers throws a ConflictException or a NotFoundException, and somebody
# reads it in the log.
#
# What happens: the client hears "Internal server error", and nothing is logged, neither the message nor the stack. Since Nest 11
# each HttpException is an IntrinsicException, which the log of unknown errors leaves out; that suits HTTP, where the client is
# told what is wrong. The filters of messages and gateways leave it out of the log too, and tell the client nothing. A plain Error
# at the same place is logged. So the errors that were thrown with the most care are those that cannot be found. With Nest 10 they
# are logged. What helps is a filter of one's own, which turns them into RpcException or WsException, or logs them.
#
# Versions: @nestjs/microservices 12.1.1 with @nestjs/core 12.5.1, 11.1.6, and 10.4.20 for comparison. Needs node 20.19 or later,
# and npm.
# Source: `handleUnknownError` in exceptions/base-rpc-exception-filter.ts of @nestjs/microservices and in
# exceptions/base-ws-exception-filter.ts of @nestjs/websockets (`instanceof IntrinsicException`). The page on exception filters of
# microservices says to throw RpcException in the place of HttpException, and nothing of the log.
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

const require = createRequire(`${process.cwd()}/`);
const { ConflictException, Controller, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { ClientProxyFactory, MessagePattern, Transport } = require('@nestjs/microservices');
const { firstValueFrom } = require('rxjs');
const { version } = JSON.parse(readFileSync('node_modules/@nestjs/microservices/package.json', 'utf8'));

class Orders {
  conflict() {
    throw new ConflictException('order 7 is paid already');
  }

  fault() {
    throw new Error('order 7 is paid already');
  }
}
for (const name of ['conflict', 'fault'])
  MessagePattern(name)(Orders.prototype, name, Object.getOwnPropertyDescriptor(Orders.prototype, name));
Controller()(Orders);
class AppModule {}
Module({ controllers: [Orders] })(AppModule);

let logged = [];
const note = (...what) => logged.push(what.join(' '));
const logger = { log() {}, debug() {}, verbose() {}, warn: note, error: note, fatal: note };

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, () => {
    const { port: free } = server.address();
    server.close(() => resolve(free));
  });
});
const options = { transport: Transport.TCP, options: { host: '127.0.0.1', port } };
const app = await NestFactory.createMicroservice(AppModule, { ...options, logger });
await app.listen();
const client = ClientProxyFactory.create(options);
await client.connect();

console.log(`@nestjs/microservices ${version}`);
const isLogged = {};
const told = {};
for (const name of ['conflict', 'fault']) {
  logged = [];
  told[name] = await firstValueFrom(client.send(name, {})).catch((error) => error.message);
  isLogged[name] = logged.some((line) => line.includes('order 7 is paid already'));
  const kind = name === 'conflict' ? 'a ConflictException' : 'an Error';
  console.log(`  ${kind}: the client hears "${told[name]}", the server logs ${isLogged[name] ? 'it' : 'nothing of it'}`);
}
await client.close();
await app.close();
const isOld = version.startsWith('10.');
const isSo = isLogged.fault && isLogged.conflict === isOld && told.conflict === 'Internal server error';
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
10.4.20 10.4.20
VERSIONS
