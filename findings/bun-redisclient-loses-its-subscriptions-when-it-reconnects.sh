#!/usr/bin/env bash
# The RedisClient of Bun reconnects by itself, says so, and is not subscribed to anything any more.
#
# One would guess: a client that reconnects takes its subscriptions up again, as ioredis and node-redis do. What was published
# meanwhile is lost, and who must not miss it looks again at `onconnect`. Or, if a client leaves that to the application, it is an
# ordinary client after the reconnection, and `onclose` has told that the connection was lost.
#
# What happens: the client keeps its listeners, and sends HELLO and nothing else. `connected` is true, `onconnect` is called (as it is
# the first time, when one has not subscribed yet), `onclose` is not, and the server has no subscriber: nothing that is published is
# heard from then on. So a worker that is told of jobs, a waiter that is woken when a lock is released, or a cache that is
# invalidated goes deaf at the first restart of the server or of a proxy, or at an idle timeout, and whoever has a fallback
# that looks from time to time finds himself living on that alone. The client itself thinks that it is subscribed: it
# refuses GET ("in subscriber mode"). The way out that comes to mind, `subscribe` in `onconnect`, adds the listener a second time:
# each message is handled twice after the first reconnection, three times after the next one. What helps is `unsubscribe`, and then
# `subscribe`, in `onconnect` (not the first time, when `unsubscribe` throws).
#
# Versions: bun 1.4.5 (from npm); ioredis 6.0.0 and node-redis 6.3.1 (the package redis) on Node 20.20 for comparison, redis-server
# 7.0.15 (any in PATH). Needs redis-server, redis-cli, node and npm. The connection is ended with CLIENT KILL.
# Source: the Redis client of oven-sh/bun (oven-sh/bun#33450 is a proposal, which was closed). The reference of `autoReconnect` says
# that it reconnects automatically, and that of `subscribe` does not speak of reconnections.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server redis-cli; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bun@1.4.5 ioredis@6.0.0 redis@6.3.1 >/dev/null || exit 2
bun=$(echo node_modules/@oven/bun-linux-*/bin/bun)
[ -x "$bun" ] || bun=node_modules/.bin/bun
"$bun" --version >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
cat > try.mjs <<'JS'
// Subscribes with one of the clients, has its connection ended, and tells what it hears after that.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';

const [name, port] = process.argv.slice(2);
const redis = (...parts) => execFileSync('redis-cli', ['-p', port, ...parts], { encoding: 'utf8' }).trim();
const heard = [];
const events = [];
const listen = (message) => heard.push(message);
async function overBun(atReconnection) {
  const { RedisClient } = await import('bun');
  const client = new RedisClient(`redis://127.0.0.1:${port}`);
  client.onconnect = () => {
    events.push('onconnect');
    if (events.length > 1) atReconnection(client);
  };
  client.onclose = () => events.push('onclose');
  await client.connect();
  await client.subscribe('jobs', listen);
  return { isConnected: () => client.connected, get: async () => client.get('key') };
}
const clients = {
  bun: () => overBun(() => undefined),
  'bun with subscribe in onconnect': () => overBun((client) => client.subscribe('jobs', listen)),
  'bun with unsubscribe and subscribe in onconnect': () => overBun(async (client) => {
    await client.unsubscribe('jobs');
    await client.subscribe('jobs', listen);
  }),
  ioredis: async () => {
    const { Redis } = await import('ioredis');
    const client = new Redis(Number(port));
    client.on('ready', () => events.push('ready'));
    client.on('close', () => events.push('close'));
    client.on('message', (_channel, message) => listen(message));
    await client.subscribe('jobs');
    return { isConnected: () => client.status === 'ready' };
  },
  redis: async () => {
    const { createClient } = await import('redis');
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    client.on('ready', () => events.push('ready'));
    client.on('error', () => events.push('error'));
    await client.connect();
    await client.subscribe('jobs', listen);
    return { isConnected: () => client.isReady };
  },
};
const client = await clients[name]();
const idOf = () => /^id=(\d+) .*cmd=subscribe|^id=(\d+) .* sub=1 /m.exec(redis('CLIENT', 'LIST'))?.slice(1).find(Boolean);
redis('PUBLISH', 'jobs', 'one');
await later(500);
const id = idOf();
const connections = () => redis('CLIENT', 'LIST').split('\n').map((line) => /^id=(\d+)/.exec(line)[1]);
const before = Math.max(...connections());
redis('CLIENT', 'KILL', 'ID', id);
// Until there is a new connection that is not one of redis-cli, and then some time more.
const isThere = () => redis('CLIENT', 'LIST').split('\n').some((line) => Number(/^id=(\d+)/.exec(line)[1]) > before && !line.includes('cmd=client|list'));
for (let left = 100; left > 0 && !(isThere() && client.isConnected()); left -= 1) await later(100);
await later(2000);
const subscribers = redis('PUBSUB', 'NUMSUB', 'jobs').split('\n')[1];
redis('PUBLISH', 'jobs', 'two');
await later(1000);
const isBun = name.startsWith('bun');
const version = isBun ? process.versions.bun : JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log(`  ${name.replace(/^\w+/, `$& ${version}`)}: events: ${events.join(', ')}; connected: ${client.isConnected()}; subscribers on the server: ${subscribers}; heard: ${heard.join(', ')}`);
let isSo = client.isConnected();
if (name === 'bun') {
  const told = await client.get().then(() => 'answered', ({ message }) => message);
  console.log(`    GET of that client: ${told}`);
  isSo &&= events.join() === 'onconnect,onconnect' && subscribers === '0' && heard.join() === 'one' && /subscriber mode/.test(told);
} else isSo &&= subscribers === '1' && heard.join() === (name === 'bun with subscribe in onconnect' ? 'one,two,two' : 'one,two');
process.exit(isSo ? 0 : 1);
JS
echo "the connection of the subscriber is ended and made anew; \"one\" is published before, \"two\" after it"
for name in bun 'bun with subscribe in onconnect' 'bun with unsubscribe and subscribe in onconnect'; do
  "$bun" try.mjs "$name" "$port" || { echo 'other than described'; exit 1; }
done
for name in ioredis redis; do
  node try.mjs "$name" "$port" || { echo 'other than described'; exit 1; }
done
echo 'as described'
