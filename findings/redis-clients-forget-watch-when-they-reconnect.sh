#!/usr/bin/env bash
# After a reconnection, the WATCH of a Redis client for Node is gone, and EXEC writes over what others wrote: always with
# ioredis and Valkey GLIDE, and with node-redis, which looks for it, where a command has waited for the connection.
#
# One would guess: WATCH, GET, MULTI, SET, EXEC is the safe way to change what one has read: if the key was written meanwhile,
# by whomever and for whatever reason, EXEC does nothing and answers null. A client that reconnects by itself and brings back
# what it had on the old connection (the database, the name, the subscriptions, commands without an answer) watches the key
# again too; and since it cannot know what was written meanwhile, it fails the transaction. node-redis has a WatchError for
# that.
#
# What happens: the server forgets what a connection watches when it ends. ioredis and Valkey GLIDE connect again, keep no
# account of WATCH, and send the transaction, which is an unconditional one now. It succeeds, and the write of somebody else in
# between is lost: the one item in stock is sold twice, and both sellers are told so. node-redis compares the number of the
# connection, but raises it some promises after it has sent what was waiting. So who has asked for one more thing during the
# outage, and sends the transaction when that is answered, finds the old number, and has sold the item twice as well. Only
# without such a command, or a moment later, is there a WatchError. A failover or a restart of a proxy is the time at which all
# clients reconnect. What helps is a script, or a connection for the transaction that never reconnects.
#
# Versions: ioredis 6.0.0 and 5.8.2, @valkey/valkey-glide 2.5.2, node-redis 6.3.1 (the package redis), redis-server 7.0.15 (any
# in PATH), Node 20.20. Needs redis-server, node and npm. The connection is ended with CLIENT KILL.
# Source: the ready handler in lib/redis/event_handler.ts of ioredis (redis/ioredis#1686 was closed as stale); `_executeMulti`
# in client/index.ts and `#connect` in client/socket.ts of node-redis (redis/node-redis#2682 brought the WatchError).
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
npm install --silent --no-audit --no-fund ioredis@6.0.0 ioredis-5@npm:ioredis@5.8.2 @valkey/valkey-glide@2.5.2 redis@6.3.1 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { setTimeout: later } = require('node:timers/promises');
const { Batch, GlideClient, Logger } = require('@valkey/valkey-glide');
const { Redis } = require('ioredis');
const { Redis: Redis5 } = require('ioredis-5');
const { createClient } = require('redis');

const port = Number(process.argv[2]);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
Logger.setLoggerConfig('off');
const admin = new Redis(port);

function overIoredis(Client) {
  const client = new Client(port);
  return {
    id: () => client.client('ID'),
    watch: (key) => client.watch(key),
    get: (key) => client.get(key),
    setInTransaction: (key, value) => client.multi().set(key, value).exec(),
    reconnecting: () => new Promise((resolve) => client.once('reconnecting', resolve)),
    end: () => client.disconnect(),
  };
}
const clients = {
  ioredis: async () => overIoredis(Redis),
  'ioredis-5': async () => overIoredis(Redis5),
  '@valkey/valkey-glide': async () => {
    const client = await GlideClient.createClient({ addresses: [{ host: '127.0.0.1', port }], requestTimeout: 5000 });
    return {
      id: () => client.customCommand(['CLIENT', 'ID']),
      watch: (key) => client.watch([key]),
      get: (key) => client.get(key),
      setInTransaction: (key, value) => client.exec(new Batch(true).set(key, value), true),
      end: () => client.close(),
    };
  },
  redis: async () => {
    const client = await createClient({ url: `redis://127.0.0.1:${port}` }).on('error', () => undefined).connect();
    return {
      id: () => client.clientId(),
      watch: (key) => client.watch(key),
      get: (key) => client.get(key),
      setInTransaction: (key, value) => client.multi().set(key, value).exec(),
      reconnecting: () => new Promise((resolve) => client.once('reconnecting', resolve)),
      end: () => client.destroy(),
    };
  },
};

/** Resolves some time after the client has another connection than that with the id `old`. */
async function connectedAnew(client, old) {
  while ((await client.id().catch(() => old)) === old) await later(50);
  await later(500);
}

/** What becomes of a seller who has read the stock, if somebody else sells the last item before he does. */
async function sell(name, breaks) {
  const client = await clients[name]();
  await admin.set('stock', 1);
  const id = await client.id();
  await client.watch('stock');
  const stock = Number(await client.get('stock'));
  await admin.set('stock', 0);
  if (breaks) {
    const reconnecting = client.reconnecting?.();
    await admin.client('KILL', 'ID', id);
    if (breaks === 'and a command waits') {
      await reconnecting;
      await client.get('price');
    } else await connectedAnew(client, id);
  }
  const told = await client.setInTransaction('stock', stock - 1).then(
    (answer) => (answer === null ? 'null' : 'done'),
    (error) => error.constructor.name,
  );
  client.end();
  return told;
}

async function main() {
  let isSo = true;
  console.log(`the server: ${/redis_version:(\S+)/.exec(await admin.info('server'))[1]}`);
  for (const name of Object.keys(clients)) {
    const whole = await sell(name, '');
    const anew = await sell(name, 'and nobody asks meanwhile');
    // Valkey GLIDE does not tell when it reconnects.
    const waited = name === '@valkey/valkey-glide' ? anew : await sell(name, 'and a command waits');
    console.log(`${name} ${version(name)}: the key that it watches is written by somebody else; the transaction is: ${whole}`);
    console.log(`  the same, and the client reconnects before the transaction: ${anew}`);
    console.log(`  the same, and the transaction comes after a GET that has waited for the connection: ${waited}`);
    const looks = name === 'redis';
    isSo &&= whole === (looks ? 'WatchError' : 'null') && anew === (looks ? 'WatchError' : 'done') && waited === 'done';
  }
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
node try.cjs "$port"
