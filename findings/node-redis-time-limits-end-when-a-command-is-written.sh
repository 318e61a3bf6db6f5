#!/usr/bin/env bash
# The time limits of node-redis, AbortSignal and `timeout`, end when a command is written, and a server that is silent makes it
# wait without end.
#
# One would guess: `client.withAbortSignal(AbortSignal.timeout(500)).set(...)` is over after 500 ms, as a `fetch` with that
# signal is, and so is a command of a client with `commandOptions: { timeout: 500 }`, which its type describes as the timeout
# for the command. With ioredis (`commandTimeout`) and Valkey GLIDE (`requestTimeout`) it is so. That the server may still run
# the command is another matter.
#
# What happens: both limits hold as long as the command waits inside of the client. It is written at once when there is a
# connection, and the moment before, the listeners of both are taken away. So they work when the server is gone, which a test
# shows, and do nothing when it is there and silent: a machine that is frozen, a slow script, a firewall that forgets
# connections. A lock whose renewal has a limit of 500 ms then waits for as long as that lasts, and whoever counts on the error
# to stop the work in time gets none. For that there is `socketTimeout`. It ends connections that are merely idle as well, and
# with the reconnectStrategy of the package the client is closed for good after it: "The client is closed" is what each later
# command is told. All three together do what one wants: `socketTimeout`, a shorter `pingInterval`, and a `reconnectStrategy` of
# one's own.
#
# Versions: node-redis 6.3.1 (the package redis); ioredis 6.0.0 and @valkey/valkey-glide 2.5.2 for comparison; redis-server
# 7.0.15 (any in PATH), which is stopped with SIGSTOP; Node 20.20. Needs redis-server, node and npm.
# Source: `addCommand` and `commandsToWrite` in client/commands-queue.ts and the default of reconnectStrategy in
# client/socket.ts of node-redis. Its page on command options says, in half a sentence each, that both are for commands that
# have not been written (so does redis/node-redis#3008); the types, which is where one meets the options, call it the timeout
# for the command.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill -CONT "$server" 2>/dev/null || true; kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund redis@6.3.1 ioredis@6.0.0 @valkey/valkey-glide@2.5.2 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' >/dev/null &
server=$!
cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { setTimeout: later } = require('node:timers/promises');
const { GlideClient, Logger } = require('@valkey/valkey-glide');
const { Redis } = require('ioredis');
const { createClient } = require('redis');

const [port, pid] = process.argv.slice(2).map(Number);
const LIMIT_MS = 500;
const SILENT_MS = 8000;
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
Logger.setLoggerConfig('off');

async function nodeRedis(options) {
  return createClient({ url: `redis://127.0.0.1:${port}`, ...options }).on('error', () => undefined).connect();
}
const retries = { socketTimeout: 2 * LIMIT_MS, reconnectStrategy: () => 100 };
const ways = {
  'node-redis, withAbortSignal': async () => {
    const client = await nodeRedis();
    return (key) => client.withAbortSignal(AbortSignal.timeout(LIMIT_MS)).set(key, 'x');
  },
  'node-redis, commandOptions.timeout': async () => {
    const client = await nodeRedis({ commandOptions: { timeout: LIMIT_MS } });
    return (key) => client.set(key, 'x');
  },
  'node-redis, socketTimeout, pingInterval and a reconnectStrategy': async () => {
    const client = await nodeRedis({ pingInterval: LIMIT_MS / 2, socket: retries });
    return (key) => client.set(key, 'x');
  },
  'ioredis, commandTimeout': async () => {
    const client = new Redis(port, { commandTimeout: LIMIT_MS });
    await client.ping();
    return (key) => client.set(key, 'x');
  },
  'Valkey GLIDE, requestTimeout': async () => {
    const client = await GlideClient.createClient({ addresses: [{ host: '127.0.0.1', port }], requestTimeout: LIMIT_MS });
    return (key) => client.set(key, 'x');
  },
};

/** What a client with a socketTimeout and nothing else says after it had nothing to do. */
async function afterIdleness() {
  const client = await nodeRedis({ socket: { socketTimeout: LIMIT_MS } });
  await later(4 * LIMIT_MS);
  return client.ping().catch(({ message }) => message);
}

async function main() {
  for (;;) {
    try {
      await (await nodeRedis({ socket: { reconnectStrategy: false } })).ping();
      break;
    } catch {
      await later(100);
    }
  }
  for (const name of ['redis', 'ioredis', '@valkey/valkey-glide']) console.log(name, version(name));
  const idle = await afterIdleness();
  console.log(`node-redis with a socketTimeout of ${LIMIT_MS} ms alone, after ${4 * LIMIT_MS} ms of idleness, at a server that is well: ${idle}`);
  const sends = Object.entries(ways).map(([text, open]) => [text, open()]);
  for (const [, opened] of sends) await opened;
  process.kill(pid, 'SIGSTOP');
  const told = {};
  const all = sends.map(async ([text, opened], at) => {
    told[text] = 'nothing';
    await (await opened)(`key ${at}`).then(
      () => { told[text] = 'done'; },
      () => { told[text] = 'an error'; },
    );
  });
  await later(SILENT_MS);
  const silent = { ...told };
  process.kill(pid, 'SIGCONT');
  await Promise.all(all);
  console.log(`the limit is ${LIMIT_MS} ms; the server is silent for ${SILENT_MS} ms, then goes on`);
  for (const text of Object.keys(told)) console.log(`  ${text}: told ${silent[text]} while it is silent; in the end: ${told[text]}`);
  const isSo = idle === 'The client is closed' && Object.values(silent).join() === 'nothing,nothing,an error,an error,an error'
    && Object.values(told).join() === 'done,done,an error,an error,an error';
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
node try.cjs "$port" "$server"
