#!/usr/bin/env bash
# The client-side cache of node-redis goes on to answer a key that has expired, for as long as the server has not happened to remove it:
# with a million other keys that have a time to live, that may be more than an hour.
#
# One would guess: with `clientSideCache` the server says which keys have changed, so what is in the cache is what the server would
# answer, but for a moment. That is what CLIENT TRACKING is for. A key with a ttl is gone when that is over: the server tells
# of it, or the client, which has read the key, knows its ttl. So a session, a ban, a flag or the lease of a leader that has ended
# counts as ended for all at the same time, with the cache and without.
#
# What happens: the server tells of a key when it removes it, and it removes an expired key when somebody asks for it, or when its
# sampling comes by: about 200 keys per second, of all that have a ttl. Who asks by the cache does not ask the server. So the more a
# key is read by those who cache it, the more surely it is kept, until somebody without a cache asks for it. The client keeps no ttl
# of the key. In a test the server has few keys with a ttl, its sampling meets the expired one within a second, and it works; in
# production there are as many as there are sessions. No error is raised. What helps is the option `ttl` of the cache, which bounds
# it and is 0 if one sets none, or not to read by such a client what decides by its expiry.
#
# Versions: node-redis 6.3.1 (the package redis), redis-server 7.0.15 (any in PATH), Node 20.20; also seen on valkey-server 9.1.2. Needs
# redis-server, node and npm. There are a million other keys here; each second, the one key is asked for by the cache.
# Source: `activeExpireCycle` in src/expire.c and `trackingInvalidateKey` in src/tracking.c of redis; client/cache.ts of node-redis,
# whose page on the cache says that the server tells when a result is no longer valid. The page of Redis on client-side caching advises
# authors of clients to ask for the ttl of a key too and to keep it.
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
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { createClient } from 'redis';

const url = `redis://127.0.0.1:${process.argv[2]}`;
const connect = (options) => createClient({ url, ...options }).on('error', () => undefined).connect();
const cached = (options) => connect({ RESP: 3, clientSideCache: options });
const admin = await connect({});
const version = /(?:valkey|redis)_version:(\S+)/g;
console.log(`node-redis ${JSON.parse(readFileSync('node_modules/redis/package.json', 'utf8')).version}, server ${
  [...(await admin.info('server')).matchAll(version)].at(-1)[1]}`);

const TTL_MS = 1000;
const WATCHED_S = 20;
/** How many seconds after its end the cache answers a key that lives for a second; and what it answers when somebody else has asked. */
async function watch(text, options) {
  const client = await cached(options);
  await admin.set('session', 'open', { expiration: { type: 'PX', value: TTL_MS } });
  const before = await client.get('session');
  await later(TTL_MS + 50);
  let seconds = 0;
  for (; seconds < WATCHED_S && (await client.get('session')) !== null; seconds += 1) await later(1000);
  const still = await client.get('session');
  const direct = await admin.get('session');
  await later(200);
  const after = await client.get('session');
  client.destroy();
  console.log(`  ${text}: a key that lives for a second is "${before}", and ${
    still === null ? `is gone ${seconds} second(s) after its end` : `still "${still}" ${seconds} seconds after its end`}; the server says ${
    direct}, and from then on the cache says ${after}`);
  return { seconds, isThere: still !== null, direct, after };
}
const few = await watch('few keys', { ttl: 0 });
// Keys with a ttl of a day, as sessions are.
const FILL = 'for at = ARGV[1], ARGV[1] + 9999 do redis.call("SET", "session:" .. at, "open", "EX", 86400) end';
for (let at = 0; at < 1_000_000; at += 10_000) await admin.eval(FILL, { arguments: [String(at)] });
const many = await watch('a million others with a ttl of a day', { ttl: 0 });
const bounded = await watch('the same, and a cache with ttl: 2000', { ttl: 2000 });
admin.destroy();
const isSo = !few.isThere && many.isThere && many.direct === null && many.after === null && !bounded.isThere && bounded.seconds <= 3;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs "$port"
