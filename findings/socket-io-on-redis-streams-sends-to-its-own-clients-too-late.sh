#!/usr/bin/env bash
# With the Redis Streams adapter of Socket.IO, an event is overtaken by what is sent after it: the client keeps the older state, and who
# is told why and then disconnected is told nothing.
#
# One would guess: an adapter is about clients of other servers. Events for a client that is connected to this one are sent as without an
# adapter, in the order in which they are emitted, which Socket.IO guarantees; the older Redis adapter does so. And `socket.emit` speaks
# of one client, whose connection is here, so Redis has no part in it.
#
# What happens: the adapter first adds a broadcast to the stream, and hands it to the clients of its own server when Redis has answered.
# What has no part in that goes at once, and is there first. After `io.to(room).emit('state', 1)` and `socket.emit('state', 2)` the
# client has seen 2 and then 1, and shows the old state from then on. Who leaves the room, or is disconnected, in the same turn gets
# nothing of what was sent to it before, without an error on either side. With `connectionStateRecovery`, for which people take
# this adapter, `socket.emit` too goes by way of the stream: in `socket.emit('kicked', why); socket.disconnect(true)` the reason is lost
# each time, and the acknowledgement of a request comes before the events that its handler emitted first. In a test with one server
# and no adapter all of it is right, with recovery too. What helps is to send what belongs together in one event or as the
# acknowledgement, and `io.in(socket.id).disconnectSockets(true)`, which waits its turn, in the place of `socket.disconnect(true)`.
#
# Versions: socket.io 4.8.4, @socket.io/redis-streams-adapter 0.3.1; @socket.io/redis-adapter 8.3.0 for comparison; node-redis 6.3.1 (the
# package redis), redis-server 7.0.15 (any in PATH), Node 20.20. Needs redis-server, node and npm.
# Source: `broadcast` of ClusterAdapter in socket.io-adapter, which awaits `publishAndReturnOffset` before it serves its own clients (the
# one of redis-adapter does not wait), and `emit` in lib/socket.ts of socket.io. For `disconnectSockets` it was mended
# (socketio/socket.io-redis-streams-adapter#13). The page on delivery guarantees promises the order, and does not speak of adapters.
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
  @socket.io/redis-adapter@8.3.0 redis@6.3.1 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
cat > try.mjs <<'JS'
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as later } from 'node:timers/promises';
import { createAdapter as createPubSub } from '@socket.io/redis-adapter';
import { createAdapter as createStreams } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';

const version = (name) => `${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version}`;
const open = () => createClient({ url: `redis://127.0.0.1:${process.argv[2]}` }).on('error', () => undefined).connect();

/** Handlers of a request: what each sends, and what its client should get, in that order. */
const handlers = {
  'io.to(room).emit(1), then socket.emit(2)': {
    sent: '1, 2',
    run: (io, socket) => { io.to('room').emit('is', 1); socket.emit('is', 2); },
  },
  'io.to(room).emit(1), then socket.leave(room)': {
    sent: '1',
    run: (io, socket) => { io.to('room').emit('is', 1); void socket.leave('room'); },
  },
  'socket.emit(1), then the acknowledgement': {
    sent: '1, acknowledged',
    run: (_io, socket, acknowledge) => { socket.emit('is', 1); acknowledge(); },
  },
  'socket.emit(1), then socket.disconnect': {
    sent: '1, disconnected',
    run: (_io, socket) => { socket.emit('is', 1); socket.disconnect(true); },
  },
  'socket.emit(1), then io.in(socket.id).disconnectSockets': {
    sent: '1, disconnected',
    run: (io, socket) => { socket.emit('is', 1); io.in(socket.id).disconnectSockets(true); },
  },
};
const streams = { 'io.to(room).emit(1), then socket.emit(2)': '2, 1', 'io.to(room).emit(1), then socket.leave(room)': '' };
const ways = [
  { name: 'without an adapter, with recovery', recovery: true, wrong: {} },
  { name: version('@socket.io/redis-adapter'), make: async () => createPubSub(await open(), await open()), wrong: {} },
  { name: version('@socket.io/redis-streams-adapter'), make: async () => createStreams(await open()), wrong: streams },
  {
    name: `${version('@socket.io/redis-streams-adapter')}, with recovery`,
    make: async () => createStreams(await open()),
    recovery: true,
    // Both of the first handler go by way of the stream then.
    wrong: {
      'io.to(room).emit(1), then socket.leave(room)': '',
      'socket.emit(1), then the acknowledgement': 'acknowledged, 1',
      'socket.emit(1), then socket.disconnect': 'disconnected',
    },
  },
];
let isSo = true;
console.log(`${version('socket.io')}, ${version('redis')}; what the client gets`);
for (const { name, make, recovery, wrong } of ways) {
  console.log(`  ${name}:`);
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const io = new Server(http, { adapter: await make?.(), ...(recovery && { connectionStateRecovery: {} }) });
  io.on('connection', (socket) => {
    void socket.join('room');
    socket.on('ask', (text, acknowledge) => handlers[text].run(io, socket, acknowledge));
  });
  for (const [text, { sent }] of Object.entries(handlers)) {
    const client = connect(`http://127.0.0.1:${http.address().port}`, { transports: ['websocket'], reconnection: false, forceNew: true });
    await new Promise((resolve) => { client.once('connect', resolve); });
    await later(300);
    const got = [];
    client.on('is', (value) => got.push(String(value))).on('disconnect', () => got.push('disconnected'));
    client.emit('ask', text, () => got.push('acknowledged'));
    await later(1000);
    console.log(`    ${text}: ${got.join(', ') || 'nothing'}`);
    isSo &&= got.join(', ') === (wrong[text] ?? sent);
    client.close();
  }
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs "$port"
