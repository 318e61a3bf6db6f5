#!/usr/bin/env bash
# With Sentinel, node-redis runs a command twice when its answer is lost; without Sentinel it raises an error.
#
# One would guess: `createSentinel` is `createClient` that knows who the master is. When a connection breaks between a command and its
# answer, nobody can say whether the server has run it, so the caller gets an error and decides, as with the plain client. What the
# option `maxCommandRediscovers` counts, by its description, is retries because the topology has changed, where a server has
# refused the command (READONLY).
#
# What happens: each error of a command is followed by a look if its connection is still there. If it is not, the command is sent
# again over the next one, up to 16 times, whatever it is, and though the master is the same. The caller is told of the last
# time alone: a counter is 2 after one `incr`, a job is pushed twice, and a transaction runs twice as a whole. Of
# `SET key token NX` the first time takes the lock, and the second one is refused because of the first, so the caller is told null,
# and nobody has the lock until its time is over. Who goes from one server to Sentinel, in order to lose nothing, gets this with
# each connection that breaks. To set `maxCommandRediscovers: 0` helps: there is an error then.
#
# Versions: node-redis 6.3.1 (the package redis), redis-server 7.0.15 (any in PATH), Node 20.20. Needs redis-server, node and npm. A
# few lines of Node between client and server lose one answer, and break the connection.
# Source: `execute` in client/sentinel/index.ts of node-redis (`!client.isReady`). Its page on Sentinel does not speak of commands
# whose answer is lost; redis/node-redis#3388 is about how often it tries.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
sentinel=
trap 'for each in $server $sentinel; do kill "$each" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund redis@6.3.1 >/dev/null || exit 2
cat > ports.cjs <<'JS'
const { createServer } = require('node:net');
const probes = [1, 2, 3].map(() => createServer().listen(0, '127.0.0.1'));
setTimeout(() => {
  console.log(probes.map((probe) => probe.address().port).join(' '));
  for (const probe of probes) probe.close();
}, 200);
JS
read -r port between watcher < <(node ports.cjs)
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
# Sentinel is told of the way through the lines below.
printf 'port %s\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 %s 1\nsentinel down-after-milliseconds main 60000\n' "$watcher" "$between" > sentinel.conf
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { createClient, createSentinel } from 'redis';

const [port, between, watcher] = process.argv.slice(2).map(Number);
let lost = '';
// Passes on what goes through. When a command names the key `lost`, its answer is not passed on, and the connection breaks.
createServer((near) => {
  const far = connect(port, '127.0.0.1');
  let isCut = false;
  near.on('data', (data) => {
    if (lost && data.includes(`\r\n${lost}\r\n`)) {
      lost = '';
      isCut = true;
    }
    far.write(data);
  });
  far.on('data', (data) => {
    if (isCut) near.destroy();
    else near.write(data);
  });
  for (const [one, other] of [[near, far], [far, near]]) one.on('error', () => undefined).on('close', () => other.destroy());
}).listen(between, '127.0.0.1');

const admin = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
const plain = await createClient({ url: `redis://127.0.0.1:${between}` }).on('error', () => undefined).connect();
const throughSentinel = async (options) => {
  const sentinelRootNodes = [{ host: '127.0.0.1', port: watcher }];
  const client = createSentinel({ name: 'main', sentinelRootNodes, ...options }).on('error', () => undefined);
  // Sentinel may be starting.
  for (let left = 50; ; left -= 1) {
    const isThere = await client.connect().then(() => true, (error) => {
      if (left === 0) throw error;
      return false;
    });
    if (isThere) return client;
    await later(200);
  }
};
const clients = {
  'plain client': plain,
  'with Sentinel': await throughSentinel(),
  'with Sentinel and maxCommandRediscovers: 0': await throughSentinel({ maxCommandRediscovers: 0 }),
};
const { version } = JSON.parse(readFileSync('node_modules/redis/package.json', 'utf8'));
console.log(`node-redis ${version}; the answer to each command is lost once`);
const told = (promise) => promise.then((answer) => JSON.stringify(answer), ({ constructor }) => constructor.name);
const results = {};
for (const [name, client] of Object.entries(clients)) {
  await admin.flushAll();
  const row = [];
  const tries = {
    incr: () => client.incr('incr'),
    rPush: () => client.rPush('rPush', 'job'),
    'multi, two times incr': () => client.multi().incr('multi').incr('multi').exec(),
    'set with NX': () => client.set('lock', 'me', { condition: 'NX', expiration: { type: 'PX', value: 30_000 } }),
  };
  const key = { 'multi, two times incr': 'multi', 'set with NX': 'lock' };
  const made = { rPush: () => admin.lLen('rPush') };
  for (const [text, run] of Object.entries(tries)) {
    lost = key[text] ?? text;
    const is = lost;
    const answer = await told(run());
    await later(500);
    const value = String(await (made[text] ?? (() => admin.get(is)))());
    row.push(`${answer}/${value}`);
    console.log(`  ${name}: ${text}: the caller is told ${answer}; the server has ${text === 'rPush' ? `${value} in the list` : value}`);
  }
  results[name] = row.join(' ');
}
const error = 'SocketClosedUnexpectedlyError';
const once = `${error}/1 ${error}/1 ${error}/2 ${error}/me`;
const isSo = results['plain client'] === once && results['with Sentinel'] === '2/2 2/2 [3,4]/4 null/me'
  && results['with Sentinel and maxCommandRediscovers: 0'] === once;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs "$port" "$between" "$watcher" > try.log 2>&1 &
trying=$!
sleep 1
redis-server sentinel.conf --sentinel >/dev/null &
sentinel=$!
rc=0
wait "$trying" || rc=$?
cat try.log
exit "$rc"
