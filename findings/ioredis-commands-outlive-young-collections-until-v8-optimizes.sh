#!/usr/bin/env bash
# Each command of ioredis outlives the young collections of V8 until its code is optimized: on Node 26 that takes some 20,000.
#
# One would guess: what a call makes and forgets is gone with the next young collection (scavenge), which costs next to nothing;
# only what is still in use is moved to the old generation.
#
# What happens: where a function literal is assigned to a property (`this.done = () => …`), V8 expects it to stay, as a method
# of a prototype does, and puts it in the old generation from the start. A young collection does not ask whether an old object
# is in use: what it refers to is copied twice and promoted, until a full collection comes. So is all that the function closes
# over, such as `this`. Since 5.9, `reject` of each command of ioredis is such a function. It keeps the command with its
# arguments, its promise and its reply: 800 bytes for a GET of a short value. Only TurboFan makes the function young. On Node 20
# it comes after a thousand commands or two. On Node 24 and 26 Maglev comes first, which makes it old too, and TurboFan after
# ten thousand or more. No memory is lost for good. What helps is a function that has a name first (`const done = () => …;
# this.done = done`), or that is a member of an object literal (`{ done: () => … }`).
#
# Versions: ioredis 6.0.0 (5.11.1 does it too), Node 20.20.2 (V8 11.3), 24.21.0 (13.6) and 26.10.0 (14.6), redis-server 7.0.15 (any
# in PATH). Needs redis-server, redis-cli, node and npm, which gets the versions of Node.
# Source: `initPromise` in lib/Command.ts of ioredis; `CheckAssigningFunctionLiteralToProperty` in src/parsing/parser.h of V8.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in redis-server redis-cli node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
export SOCKET="$folder/redis.sock"
cd "$folder"
npm init -y >/dev/null
platform=$(node -p '`node-${process.platform}-${process.arch}`')
npm install --no-audit --no-fund --silent ioredis@6.0.0 \
  "node-20@npm:$platform@20.20.2" "node-24@npm:$platform@24.21.0" "node-26@npm:$platform@26.10.0" >/dev/null || exit 2
redis-server --port 0 --unixsocket "$SOCKET" --save '' --dir "$folder" >/dev/null &
server=$!
trap 'kill "$server"; rm -rf "$folder"' EXIT
until [ "$(redis-cli -s "$SOCKET" ping 2>/dev/null)" = PONG ]; do sleep 0.1; done
cat > try.cjs <<'JS'
const { getHeapSpaceStatistics } = require('node:v8');
const { setImmediate: soon } = require('node:timers/promises');
const Redis = require('ioredis');
const optimizes = process.argv[2] === 'optimizes';

class AtItsAssignment { constructor() { this.done = () => this; } }
class NamedFirst { constructor() { const done = () => this; this.done = done; } }
const inLiteral = () => { const made = { done: () => made }; return made; };

const oldBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space').space_used_size;

/** What is left of each of a thousand calls in the old generation, after the young collections that follow. */
async function left(call) {
  const before = oldBytes();
  for (let i = 0; i < 5; i += 1) {
    for (let n = 0; n < 200; n += 1) await call();
    await soon();
    globalThis.gc({ type: 'minor' });
    globalThis.gc({ type: 'minor' });
  }
  return Math.round((oldBytes() - before) / 1000);
}

/** The median: the first calls make what stays, and a full collection may come in one sample. */
async function median(call) {
  const all = [];
  for (let i = 0; i < 9; i += 1) all.push(await left(call));
  return all.sort((a, b) => a - b)[4];
}

(async () => {
  const client = new Redis({ path: process.env.SOCKET });
  await client.set('key', 'value');
  const get = () => client.get('key');
  const version = `node ${process.versions.node}`;
  if (optimizes) {
    let commands = 0;
    let bytes;
    do {
      bytes = await left(get);
      commands += 1_000;
    } while ((bytes < 0 || bytes > 400) && commands < 60_000);
    console.log(`${version}, as it is: a GET leaves ${bytes} bytes after ${commands} of them`);
    process.exit(0);
  }
  const written = await median(() => new AtItsAssignment());
  const named = await median(() => new NamedFirst());
  const literal = await median(inLiteral);
  const command = await median(get);
  console.log(`${version}, not optimized: an object leaves ${written} bytes with a function at its assignment,`);
  console.log(`  ${named} with one that has a name first, ${literal} if it is a literal; a GET of ioredis leaves ${command}`);
  process.exit(written > 50 && named < 20 && literal < 20 && command > 400 ? 0 : 1);
})();
JS
code=0
for version in 20 24 26; do
  node="node_modules/node-$version/bin/node"
  "$node" --expose-gc --no-opt --no-maglev try.cjs || code=1
  "$node" --expose-gc try.cjs optimizes
done
[ "$code" = 0 ] && echo 'as described' || echo 'other than described'
exit "$code"
