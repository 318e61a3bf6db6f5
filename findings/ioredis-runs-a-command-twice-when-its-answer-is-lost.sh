#!/usr/bin/env bash
# ioredis runs a command twice, and a transaction too, when the connection breaks before the answer, and tells of the second
# time alone.
#
# One would guess: when a connection breaks between a command and its answer, nobody can say whether the server has run it, so
# the caller gets an error and decides, as with node-redis and Valkey GLIDE. Where a client sends again by itself, it does so
# with what can be sent again: commands that only read, or those that it had not written yet. A transaction (MULTI ... EXEC) is
# run once or not at all.
#
# What happens: by default ioredis keeps all commands that have no answer, connects again, and sends them again, whatever they
# are. The promise resolves with the answer of the second run, as if nothing had been: a counter is 2 after one `incr`, a job is
# pushed twice, a transaction of both runs twice as a whole. `SET key token NX` is the odd one: the first run takes the lock,
# the second one is refused because of the first, so the caller is told null, goes away, and nobody has the lock, nor gets it,
# until its time is over. Each restart of a proxy, or failover, does that to whatever is under way. To set
# `autoResendUnfulfilledCommands: false` is no way out alone: with it the promise is not settled at all, neither when the client
# has reconnected nor later. What helps is `maxRetriesPerRequest: 0` (20 by default): there is an error then, as with the
# others.
#
# Versions: ioredis 6.0.0 and 5.8.2; node-redis 6.3.1 (the package redis) and @valkey/valkey-glide 2.5.2 for comparison;
# redis-server 7.0.15 (any in PATH), Node 20.20. Needs redis-server, node and npm. A few lines of Node between client and server
# lose one answer.
# Source: the close and ready handlers in lib/redis/event_handler.ts of ioredis (`prevCommandQueue`). The description of the
# option speaks of unfulfilled commands and has blocking ones as its example. That promises stay open without it is
# redis/ioredis#2193.
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
npm install --silent --no-audit --no-fund ioredis@6.0.0 ioredis-5@npm:ioredis@5.8.2 redis@6.3.1 @valkey/valkey-glide@2.5.2 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const { setTimeout: later } = require('node:timers/promises');
const { Batch, GlideClient, Logger } = require('@valkey/valkey-glide');
const { Redis } = require('ioredis');
const { Redis: Redis5 } = require('ioredis-5');
const { createClient } = require('redis');

Logger.setLoggerConfig('off');
const serverPort = Number(process.argv[2]);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const admin = new Redis(serverPort);
const host = '127.0.0.1';
const WAIT_MS = 6000;
let port;

// The next answer is lost, with its connection, when this is set.
let losesNext = false;
const proxy = createServer((client) => {
  const upstream = connect(serverPort, host);
  client.on('data', (data) => upstream.write(data));
  upstream.on('data', (data) => {
    if (!losesNext) return client.write(data);
    losesNext = false;
    return client.destroy();
  });
  for (const [one, other] of [[client, upstream], [upstream, client]]) one.on('error', () => undefined).on('close', () => other.destroy());
});

function overIoredis(Client, options = {}) {
  return async () => {
    const client = new Client(port, options).on('error', () => undefined);
    await client.ping();
    return {
      incr: (key) => client.incr(key),
      inTransaction: (key) => client.multi().incr(key).incr(key).exec(),
      take: (key) => client.set(key, 'token', 'PX', 60_000, 'NX'),
      end: () => client.disconnect(),
    };
  };
}
const clients = {
  ioredis: overIoredis(Redis),
  'ioredis-5': overIoredis(Redis5),
  'ioredis with autoResendUnfulfilledCommands: false': overIoredis(Redis, { autoResendUnfulfilledCommands: false }),
  'ioredis with maxRetriesPerRequest: 0': overIoredis(Redis, { maxRetriesPerRequest: 0 }),
  redis: async () => {
    const client = await createClient({ url: `redis://${host}:${port}` }).on('error', () => undefined).connect();
    return {
      incr: (key) => client.incr(key),
      inTransaction: (key) => client.multi().incr(key).incr(key).exec(),
      take: (key) => client.set(key, 'token', { PX: 60_000, NX: true }),
      end: () => client.destroy(),
    };
  },
  '@valkey/valkey-glide': async () => {
    const client = await GlideClient.createClient({ addresses: [{ host, port }], requestTimeout: 10_000 });
    return {
      incr: (key) => client.incr(key),
      inTransaction: (key) => client.exec(new Batch(true).incr(key).incr(key), true),
      take: (key) => client.set(key, 'token', { conditionalSet: 'onlyIfDoesNotExist', expiry: { type: 'PX', count: 60_000 } }),
      end: () => client.close(),
    };
  },
};

/** What the caller of one method is told if the first answer is lost, and the value that is there then. */
async function whenLost(open, method) {
  await admin.del('key');
  const client = await open();
  losesNext = true;
  const answered = client[method]('key').then((answer) => JSON.stringify(answer), () => 'an error');
  const told = await Promise.race([answered, later(WAIT_MS, `nothing for ${WAIT_MS} ms`)]);
  client.end();
  return `${told}; ${await admin.get('key')}`;
}

async function main() {
  await new Promise((resolve) => proxy.listen(0, host, resolve));
  port = proxy.address().port;
  let isSo = true;
  for (const [text, open] of Object.entries(clients)) {
    const name = text.split(' ')[0];
    const seen = [await whenLost(open, 'incr'), await whenLost(open, 'inTransaction'), await whenLost(open, 'take')];
    console.log(text.replace(name, `${name} ${version(name)}`));
    ['INCR', 'MULTI with two INCR', 'SET NX'].forEach((command, at) => {
      const [told, value] = seen[at].split('; ');
      console.log(`  ${command}: the caller is told ${told}, the value is ${value}`);
    });
    const once = (told) => [`${told}; 1`, `${told}; 2`, `${told}; token`];
    const twice = ['2; 2', '[[null,3],[null,4]]; 4', 'null; token'];
    const expected = text === name && name.startsWith('io') ? twice : once(text.endsWith('false') ? `nothing for ${WAIT_MS} ms` : 'an error');
    isSo &&= seen.join() === expected.join();
  }
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
node try.cjs "$port"
