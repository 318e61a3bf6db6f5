#!/usr/bin/env bash
# SWAPDB of Redis and Valkey tells no client-side cache: node-redis goes on to answer what was there before the switch, until somebody
# writes the same key again.
#
# One would guess: a client that caches with CLIENT TRACKING is told of each change that the server makes to what it has read, by
# whichever command: SET, RENAME, COPY, MOVE, an expiry, FLUSHALL. SWAPDB is the way to load prices, limits or a table of who leads
# what in the background and to show them to everybody at the same instant: its page says that all clients connected to one database
# see the data of the other at once. The server knows well that the keys have changed. A transaction that watches one of them is
# refused after a SWAPDB, and who waits in BLPOP is served.
#
# What happens: the server sends no invalidation at SWAPDB, neither for the keys that the client has read nor with BCAST. So node-redis
# with `clientSideCache` answers the old value from its memory, while a client beside it that does not cache gets the new one; the
# process and its neighbour decide by different prices. This does not heal with time: an entry has no time to live if one sets none,
# and a key that is only read is never written again. No error is raised, and the figures of the cache show nothing but hits. What
# helps is FLUSHDB of the database of the old data just after the switch, for which the server tells each client to forget all; or
# RENAME of each key in the place of SWAPDB; or a `ttl` of the cache.
#
# Versions: node-redis 6.3.1 (the package redis), redis-server 7.0.15 (any in PATH), Node 20.20; the same seen on Redis 8.0.6 and on
# Valkey 9.1.2. Needs redis-server, node and npm.
# Source: `dbSwapDatabases` in src/db.c of both, which touches the watched keys and wakes those who block, and does not call
# `trackingInvalidateKey` of src/tracking.c. The pages on SWAPDB and on client-side caching do not speak of each other.
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
npm install --silent --no-audit --no-fund redis@6.3.1 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
cat > try.cjs <<'JS'
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { connect } = require('node:net');
const { setTimeout: later } = require('node:timers/promises');
const { BasicClientSideCache, createClient } = require('redis');

const port = Number(process.argv[2]);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const open = (options = {}) => createClient({ url: `redis://127.0.0.1:${port}`, ...options }).on('error', () => undefined).connect();

/** A connection of its own that asks to be told of all keys (BCAST); tells what came over it since `listen`. */
async function listener() {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  let received = '';
  socket.on('data', (text) => (received += text));
  socket.write('HELLO 3\r\nCLIENT TRACKING ON BCAST\r\n');
  await once(socket, 'data');
  await later(300);
  received = '';
  return { isTold: () => received.includes('invalidate'), end: () => socket.destroy() };
}

const changes = {
  SET: [['SET', 'price', 'new']],
  COPY: [['COPY', 'fresh', 'price', 'REPLACE']],
  RENAME: [['RENAME', 'fresh', 'price']],
  MOVE: [['DEL', 'price'], ['SELECT', '1'], ['MOVE', 'price', '0'], ['SELECT', '0']],
  SWAPDB: [['SWAPDB', '0', '1']],
  'SWAPDB, then FLUSHDB of database 1': [['SWAPDB', '0', '1'], ['SELECT', '1'], ['FLUSHDB'], ['SELECT', '0']],
};

async function main() {
  const admin = await open();
  const server = await admin.info('server');
  console.log(`node-redis ${version('redis')} on ${/(?:redis|valkey)_version:\S+/.exec(server)[0]}; "old" is read and cached, then it is changed to "new"`);
  let isSo = true;
  for (const [name, commands] of Object.entries(changes)) {
    await admin.flushAll();
    await admin.mSet({ price: 'old', fresh: 'new' });
    for (const command of [['SELECT', '1'], ['SET', 'price', 'new'], ['SELECT', '0']]) await admin.sendCommand(command);
    const cached = await open({ RESP: 3, clientSideCache: new BasicClientSideCache() });
    await cached.get('price');
    const watching = await open();
    await watching.watch('price');
    const listening = await listener();
    for (const command of commands) await admin.sendCommand(command);
    await later(500);
    const answer = await cached.get('price');
    const there = await admin.get('price');
    const told = listening.isTold();
    const transaction = await watching.multi().get('price').exec().then(() => 'is done', (error) => `is refused (${error.constructor.name})`);
    console.log(`  ${name}: the cache answers ${answer}, the server ${there}; a client with BCAST is ${told ? '' : 'not '}told; a transaction that watches it ${transaction}`);
    const isForgotten = name === 'SWAPDB';
    isSo &&= there === 'new' && answer === (isForgotten ? 'old' : 'new') && told !== isForgotten && transaction === 'is refused (WatchError)';
    for (const client of [cached, watching]) client.destroy();
    listening.end();
  }
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
node try.cjs "$port"
