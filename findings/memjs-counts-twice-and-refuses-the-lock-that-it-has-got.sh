#!/usr/bin/env bash
# memjs sends `increment` and `add` a second time when their answer is late or lost: it counts one request twice, and says `false` to
# the one who has just got the lock.
#
# One would guess: a client of memcached that gives up after half a second, or whose connection breaks, rejects. Its option `retries`
# is for what may be repeated, or for requests that were not sent yet: whether an `increment` has run is not known, so that is for the
# caller to decide. The other two clients in wide use reject. `add` stores if the key is free, so `true` means that I hold the lock,
# and `false` that somebody else does.
#
# What happens: memjs repeats each command 0.2 seconds after its timeout of 0.5 seconds, or after the loss of its connection, twice in all
# by default. A rate limit then counts two for one request; a stock that is counted down loses two for one order. `add` finds the key
# that it has stored itself, and answers `false`: a lock is held that nobody knows to have, and an order whose idempotency key is
# stored in this way is taken for a duplicate and never carried out. When a server that was slow comes back, it runs both, and the
# answer to the first one resolves the call: the caller is told 1, and the counter is at 2. No error is raised in any of these cases.
# A pause of one second of the server or of the network is enough, and then it is so for all that was under way. What helps is
# `retries: 1`, which sends once and rejects.
#
# Versions: memjs 1.3.2; memcache-client 1.0.5 for comparison; memcached 1.6.18 of Debian 12 (any in
# PATH), Node 20.20. Needs memcached, node and npm. An answer is lost in a small relay on this machine; the server is slow by SIGSTOP.
# Source: `Client.prototype.perform` in lib/memjs/memjs.js, whose handler of errors sends the same buffer again, whichever command it
# is. The comment on `retries` says that an operation is retried at failures.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm memcached; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill -CONT "$server" 2>/dev/null || true; kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund memjs@1.3.2 memcache-client@1.0.5 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
# memcached does not run as root.
as=()
if [ "$(id -u)" = 0 ]; then as=(-u nobody); fi
memcached "${as[@]}" -l 127.0.0.1 -p "$port" -U 0 &
server=$!
cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const { setTimeout: later } = require('node:timers/promises');
const { MemcacheClient } = require('memcache-client');
const memjs = require('memjs');

const [port, pid] = process.argv.slice(2).map(Number);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;

/** Hands everything on, and ends the connection in the place of the next answer after `loseNext`. */
let isToLose = false;
const relay = createServer((client) => {
  const upstream = connect(port, '127.0.0.1');
  client.on('data', (data) => upstream.write(data));
  upstream.on('data', (data) => {
    if (isToLose) {
      isToLose = false;
      client.resetAndDestroy();
      upstream.destroy();
    } else client.write(data);
  });
  for (const [one, other] of [[client, upstream], [upstream, client]]) one.on('error', () => undefined).on('close', () => other.destroy());
}).listen(0, '127.0.0.1');

function overMemjs(retries, at) {
  const client = memjs.Client.create(`127.0.0.1:${at}`, { logger: { log: () => undefined }, retries });
  return {
    count: async () => (await client.increment('count', 1, { initial: 1 })).value,
    add: (key) => client.add(key, 'me', { expires: 60 }),
    end: () => client.close(),
  };
}
const clients = {
  memjs: (at) => overMemjs(2, at),
  'memjs with retries: 1': (at) => overMemjs(1, at),
  'memcache-client': (at) => {
    const client = new MemcacheClient({ server: `127.0.0.1:${at}`, ignoreNotStored: false, cmdTimeout: 500 });
    return {
      count: async () => Number(await client.cmd('incr count 1')),
      add: async (key) => (await client.add(key, 'me', { lifetime: 60 })).join() === 'STORED',
      end: () => client.shutdown(),
    };
  },
};
const direct = memjs.Client.create(`127.0.0.1:${port}`, { timeout: 10, retries: 1 });
const told = (answer) => answer.then(String, () => 'an error');
const stored = async (key) => String((await direct.get(key)).value);

async function tryClient(name) {
  let client = clients[name](relay.address().port);
  const seen = {};
  await direct.set('count', '0', {});
  seen.plain = `${await told(client.count())}, count ${await stored('count')}`;
  for (const key of ['lock', 'count']) await direct.delete(key);
  await direct.set('count', '0', {});
  isToLose = true;
  seen.lost = `${await told(client.count())}, count ${await stored('count')}`;
  await later(500);
  await client.add('other').catch(() => undefined);
  isToLose = true;
  seen.add = `${await told(client.add('lock'))}, held by ${await stored('lock')}`;
  await later(500);
  client.end();
  client = clients[name](port);
  await direct.set('count', '0', {});
  await client.add('other').catch(() => undefined);
  process.kill(pid, 'SIGSTOP');
  await later(100);
  const answer = told(client.count());
  await later(1000);
  process.kill(pid, 'SIGCONT');
  const late = await answer;
  await later(500);
  seen.late = `${late}, count ${await stored('count')}`;
  client.end();
  console.log(`${name.replace(/^[a-z-]+/, (it) => `${it} ${version(it)}`)}:\n  increment: ${seen.plain}; its answer is lost: ${seen.lost}; it is a second late: ${seen.late}\n  add, its answer is lost: ${seen.add}`);
  return seen;
}

async function main() {
  for (let left = 50; left > 0 && !(await direct.set('count', '0', {}).then(() => true, () => false)); left -= 1) await later(100);
  const usual = await tryClient('memjs');
  let isSo = usual.lost === '2, count 2' && usual.late === '1, count 2' && usual.add === 'false, held by me';
  for (const name of Object.keys(clients).slice(1)) {
    const { lost, late, add } = await tryClient(name);
    isSo &&= lost === 'an error, count 1' && late.endsWith(', count 1') && add === 'an error, held by me';
  }
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
node try.cjs "$port" "$server"
