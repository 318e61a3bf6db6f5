#!/usr/bin/env bash
# A command that ioredis has rejected with "Command timed out", and has never sent, is sent when the connection is back.
#
# One would guess: `commandTimeout` gives up a command. Where the command was on its way, nobody knows whether the server has run
# it; that is true of each timeout. But a command that comes while there is no connection waits inside the client alone. When
# its time is over it is taken out of that queue, and the caller can be sure that nothing was done, and try again. node-redis
# does so.
#
# What happens: the timeout settles the promise and nothing else. The command stays in the offline queue, and is written when
# the connection is ready again, minutes later if the outage is that long. So if a caller tries again and again during an
# outage, every attempt is run: three attempts to push one job are three jobs, and a `SET key token NX PX 30000` of a caller who
# has been told that it failed locks everybody out for 30 seconds that begin at the reconnection. It is the same in a pipeline
# and in a transaction. The queue also grows without bounds by commands that nobody waits for. What helps is
# `enableOfflineQueue: false`.
#
# Versions: ioredis 6.0.0 and 5.8.2, node-redis 6.3.1 (the package redis) for comparison, redis-server 7.0.15 (any in PATH), Node
# 20.20. Needs redis-server, redis-cli, node and npm.
# Source: `setTimeout` in lib/Command.ts, `sendCommand` in lib/Redis.ts and the ready handler in lib/redis/event_handler.ts
# (redis/ioredis#2130). The description of the option speaks of an error for a missing reply.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in redis-server redis-cli node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
export SOCKET="$folder/redis.sock"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ioredis-6@npm:ioredis@6.0.0 ioredis-5@npm:ioredis@5.8.2 redis@6.3.1 || exit 2
redis-server --version
cat > try.cjs <<'JS'
const { spawn, spawnSync } = require('node:child_process');
const { setTimeout: later } = require('node:timers/promises');
const { createClient } = require('redis');
const path = process.env.SOCKET;

/** The next event of this name. The errors of an outage are no concern of it, as they would be of `once` of Node. */
const next = (emitter, event) => new Promise((resolve) => { emitter.once(event, resolve); });

/** A server without memory of the one before. */
async function startServer() {
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', path, '--save', '', '--dir', '.'], { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  const pings = async () => (await next(spawn('redis-cli', ['-s', path, 'ping'], { stdio: 'ignore' }), 'exit')) === 0;
  while (!(await pings())) await later(50);
  return server;
}

function ioredis(name) {
  const Redis = require(name);
  const client = new Redis({ path, commandTimeout: 250, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  return {
    ping: () => client.ping(),
    lost: () => next(client, 'reconnecting'),
    push: () => client.rpush('jobs', 'mail'),
    pipeline: () => client.pipeline().incr('pipeline').exec().then(([[error]]) => { if (error) throw error; }),
    multi: () => client.multi().incr('multi').exec(),
    lock: () => client.set('lock', 'token', 'PX', 30_000, 'NX'),
    back: () => next(client, 'ready'),
    end: () => client.disconnect(),
  };
}

async function nodeRedis() {
  const client = createClient({ socket: { path, reconnectStrategy: () => 50 }, commandOptions: { timeout: 250 } });
  client.on('error', () => undefined);
  await client.connect();
  return {
    ping: () => client.ping(),
    lost: () => next(client, 'reconnecting'),
    push: () => client.rPush('jobs', 'mail'),
    lock: () => client.set('lock', 'token', { condition: 'NX', expiration: { type: 'PX', value: 30_000 } }),
    back: () => next(client, 'ready'),
    end: () => client.destroy(),
  };
}

const ask = (...command) => spawnSync('redis-cli', ['-s', path, ...command]).stdout.toString().trim();

/** Resolves when a command of this client was answered; on a busy machine that may be more than one timeout away. */
async function answers(client) {
  while (!(await client.ping().then(() => true, () => false))) await later(50);
}

/** What a client runs of the commands that it has rejected during an outage. */
async function outage(name, open) {
  let server = await startServer();
  const client = await open();
  await answers(client);
  const lost = client.lost();
  server.kill();
  await Promise.all([next(server, 'exit'), lost]);
  const told = {};
  for (const attempt of ['push', 'push', 'push', 'pipeline', 'multi', 'lock']) {
    if (!client[attempt]) continue;
    const outcome = await client[attempt]().then(() => 'done', (error) => error.message || error.constructor.name);
    (told[outcome] ??= []).push(attempt);
  }
  const back = client.back();
  server = await startServer();
  await back;
  // A connection runs its commands in their order: what the queue held has been run before this is answered.
  await answers(client);
  const [jobs, pipeline, multi, lock] = [ask('llen', 'jobs'), ask('get', 'pipeline'), ask('get', 'multi'), ask('get', 'lock')];
  console.log(name);
  for (const [outcome, attempts] of Object.entries(told)) console.log(`  told "${outcome}": ${attempts.join(', ')}`);
  const locked = lock === 'token';
  console.log(`  after the reconnection: ${jobs} jobs, pipeline ${pipeline || 'not run'}, multi ${multi || 'not run'}, ${locked ? 'locked' : 'not locked'}`);
  client.end();
  server.kill();
  await next(server, 'exit');
  const isRejected = told.done === undefined;
  return { isRejected, ranAll: jobs === '3' && pipeline === '1' && multi === '1' && locked, ranNone: jobs === '0' && !locked };
}

(async () => {
  let isSo = true;
  for (const name of ['ioredis-6', 'ioredis-5']) {
    const { isRejected, ranAll } = await outage(`ioredis ${require(`${name}/package.json`).version}`, () => ioredis(name));
    isSo &&= isRejected && ranAll;
  }
  const { isRejected, ranNone } = await outage(`node-redis ${require('redis/package.json').version}`, nodeRedis);
  isSo &&= isRejected && ranNone;
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
})();
JS
node try.cjs
