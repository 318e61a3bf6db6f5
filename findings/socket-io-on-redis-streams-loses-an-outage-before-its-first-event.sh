#!/usr/bin/env bash
# With the Redis Streams adapter, a server of Socket.IO that has not received anything since it started does not go on where it was when
# its connection to Redis breaks: its clients miss what the others send meanwhile.
#
# One would guess: this is the point of streams, and the reason to take this adapter in the place of the older one: a server that has
# lost its connection to Redis for some seconds reads on from where it stopped, and its clients get everything, if somewhat later. The
# events are in the stream, which keeps ten thousand of them; whoever tries it by cutting the connection under traffic sees just that.
#
# What happens: a server asks for what comes after the last entry that it has read, and as long as it has read none, for what comes
# after its question (`$`). That is asked anew after each lost connection, and whatever was added in between is behind it. So a server
# that is new, as all of them are after a deployment, in a quiet hour, or with a `streamCount` above 1 whose stream has been quiet, is no
# better than with the older adapter until the first event of anybody has come. The events stay in the stream, the clients stay connected,
# nobody reads the one or tells the other, and a later event is received as if nothing had been missed. What helps is to have each
# server send one event to all others after its start, and after each restart.
#
# Versions: socket.io 4.8.4, @socket.io/redis-streams-adapter 0.3.1, node-redis 6.3.1 (the package redis), redis-server 7.0.15 (any in
# PATH), Node 20.20. Needs redis-server, node and npm. One of two servers has its connection cut for a second.
# Source: `startPolling` in lib/adapter.ts of redis-streams-adapter (until 0.2, servers wrote a heartbeat into the stream each few
# seconds, so that it was never quiet for long). Its maintainer says in its issue 1 that a temporary disconnection loses no packet.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund socket.io@4.8.4 socket.io-client@4.8.4 @socket.io/redis-streams-adapter@0.3.1 \
  redis@6.3.1 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
cat > try.mjs <<'JS'
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { connect, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io as connectTo } from 'socket.io-client';

const redis = Number(process.argv[2]);
const version = (name) => `${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version}`;
const open = (port) =>
  createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 100 } }).on('error', () => undefined).connect();

/** A way to Redis that can be cut. */
async function way() {
  const links = new Set();
  let isCut = false;
  const proxy = createServer((near) => {
    if (isCut) { near.destroy(); return; }
    const far = connect(redis, '127.0.0.1');
    for (const [from, to] of [[near, far], [far, near]]) {
      links.add(from);
      from.on('error', () => undefined).on('close', () => { links.delete(from); to.destroy(); }).pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = () => { isCut = true; for (const link of links) link.destroy(); };
  return { port: proxy.address().port, cut, mend: () => { isCut = false; } };
}
async function started(port, streamName) {
  const http = createHttp().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = await open(port);
  const io = new Server(http, { adapter: createAdapter(client, { streamName }) });
  return { io, client, url: `http://127.0.0.1:${http.address().port}` };
}
async function until(isSoNow) {
  for (let left = 100; left > 0 && !isSoNow(); left -= 1) await later(100);
}

/** What a client of a server gets that another server sends before, during and after a second without Redis. */
async function outage(isFirst) {
  const streamName = `stream of ${isFirst}`;
  const link = await way();
  const sender = await started(redis, streamName);
  const receiver = await started(link.port, streamName);
  const client = connectTo(receiver.url, { transports: ['websocket'], forceNew: true });
  const got = [];
  let disconnects = 0;
  client.on('event', (name) => got.push(name)).on('disconnect', () => { disconnects += 1; });
  await new Promise((resolve) => { client.once('connect', resolve); });
  await later(1000);
  if (isFirst) {
    sender.io.emit('event', 'before');
    await until(() => got.includes('before'));
  }
  link.cut();
  await later(300);
  sender.io.emit('event', 'during');
  await later(700);
  link.mend();
  await until(() => receiver.client.isReady);
  await later(2000);
  sender.io.emit('event', 'after');
  await until(() => got.includes('after'));
  const kept = (await sender.client.xRange(streamName, '-', '+')).length;
  console.log(`  ${isFirst ? 'one event was received before' : 'no event was received before'}: the client gets ${got.join(', ')}; entries in the stream: ${kept}; disconnects of the client: ${disconnects}`);
  const isSoHere = got.join() === (isFirst ? 'before,during,after' : 'after') && kept === (isFirst ? 3 : 2) && disconnects === 0;
  client.close();
  return isSoHere;
}
console.log(`${version('socket.io')}, ${version('@socket.io/redis-streams-adapter')}, ${version('redis')}`);
let isSo = await outage(true);
isSo = (await outage(false)) && isSo;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs "$port"
