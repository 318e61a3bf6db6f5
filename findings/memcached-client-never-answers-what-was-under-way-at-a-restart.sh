#!/usr/bin/env bash
# The client `memcached` (npm) never answers a command that was under way when its connection ended: who waits for a lock or for a count
# waits for ever.
#
# One would guess: when memcached restarts, or is slow for longer than the client keeps a connection, the commands under way get an
# error. The client has `timeout`, `idle`, `retries` and `failures`, and events for each of them; and it does notice: it opens
# another connection, or marks the server as failed, and the commands that come later are answered, with a value or an error.
#
# What happens: the callback of what was under way is not called at all, and `issue`, if it comes, does not tell of which command. The
# callback waits in a list of the connection that only answers are taken from, and goes with the connection, be it that the server has
# reset it, or that the client itself has closed it after `idle` (5 seconds). No time limit counts for a command. So an `await` of
# `add`, `incr` or `cas` stays there for good, with all that it holds: a place of a semaphore, a connection of another pool, the
# request of a user. A rate limit whose store is memcached leaves each such request without an answer, and a worker that takes one job
# at a time stops at this one, while a check of health beside it is green. What helps is a race with a timer around each command, or
# memcache-client or memjs, which reject.
#
# Versions: memcached 2.2.2 (npm); memcache-client 1.0.5 and memjs 1.3.2 for comparison; memcached 1.6.18 of Debian 12 (any in PATH),
# Node 20.20. Needs memcached, node and npm. The server is stopped with SIGSTOP, so that a command is under way, and then
# ended, or let on after 8 seconds.
# Source: `command` and `connect` in lib/memcached.js, where the end of a connection does not look at its list of callbacks;
# 3rd-Eden/memcached#199, a pull request of 2014, and #224 are open.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm memcached; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund memcached@2.2.2 memcache-client@1.0.5 memjs@1.3.2 >/dev/null || exit 2
cat > try.cjs <<'JS'
// With a name: runs one command with that client while the server is slow or restarted, and tells what becomes of it. Without: tries all.
const { execFile, execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const { setTimeout: later } = require('node:timers/promises');
const { promisify } = require('node:util');

const clients = {
  memcached: (at) => {
    const client = new (require('memcached'))(at, { timeout: 1000, idle: 3000 });
    const ask = (name, ...parts) => new Promise((resolve, reject) => {
      client[name](...parts, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    return { set: () => ask('set', 'count', '0', 0), count: () => ask('incr', 'count', 1), end: () => client.end() };
  },
  'memcache-client': (at) => {
    const client = new (require('memcache-client').MemcacheClient)({ server: at, cmdTimeout: 1000 });
    return { set: () => client.set('count', '0'), count: () => client.cmd('incr count 1'), end: () => client.shutdown() };
  },
  memjs: (at) => {
    const client = require('memjs').Client.create(at, { timeout: 1, retries: 1, logger: { log: () => undefined } });
    return { set: () => client.set('count', '0', {}), count: () => client.increment('count', 1, {}), end: () => client.close() };
  },
};

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
/** Starts memcached, which does not run as root, and waits until it listens. */
async function start(port) {
  const as = process.getuid() === 0 ? ['-u', 'nobody'] : [];
  const server = spawn('memcached', [...as, '-l', '127.0.0.1', '-p', String(port), '-U', '0'], { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGKILL'));
  for (let left = 100; left > 0; left -= 1) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isThere) return server;
    await later(50);
  }
  process.exit(2);
}

async function work(name, isRestarted) {
  const port = await freePort();
  let server = await start(port);
  const client = clients[name](`127.0.0.1:${port}`);
  await client.set();
  await client.count();
  server.kill('SIGSTOP');
  await later(300);
  const started = Date.now();
  let told = 'no answer after 20 seconds';
  const answer = client.count().then((value) => `the answer ${JSON.stringify(value)}`, () => 'an error').then((it) => {
    told = `${it} after ${((Date.now() - started) / 1000).toFixed(1)} seconds`;
  });
  await later(isRestarted ? 300 : 8000);
  if (isRestarted) {
    server.kill('SIGKILL');
    await once(server, 'exit');
    server = await start(port);
  } else server.kill('SIGCONT');
  await Promise.race([answer, later(20_000 + started - Date.now())]);
  console.log(told);
  process.exit(0);
}

async function main() {
  let isSo = true;
  const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
  console.log(execFileSync('memcached', ['--version'], { encoding: 'utf8' }).trim());
  const run = promisify(execFile);
  for (const name of Object.keys(clients)) {
    const [slow, restarted] = await Promise.all(['slow', 'restarted'].map(async (what) => {
      return (await run(process.execPath, ['try.cjs', name, what], { encoding: 'utf8' })).stdout.trim();
    }));
    console.log(`  ${name} ${version(name)}: the server restarts in the middle of a command: ${restarted}; the server does not move for 8 seconds: ${slow}`);
    for (const told of [slow, restarted]) isSo &&= told.startsWith(name === 'memcached' ? 'no answer' : 'an error');
  }
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
if (process.argv[2]) work(process.argv[2], process.argv[3] === 'restarted');
else main();
JS
node try.cjs
