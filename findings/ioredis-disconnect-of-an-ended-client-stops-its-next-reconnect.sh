#!/usr/bin/env bash
# `disconnect()` on an ioredis client that has ended already decides about its next connection: that is not made again when
# it breaks.
#
# One would guess: `disconnect()` on a client with the status `end` does nothing, since there is nothing to disconnect; so
# a clean-up may call `quit()` and then, to be sure, `disconnect()`. If the client is opened again with `connect()`, it is as
# any other: a connection that breaks is made anew as `retryStrategy` says.
#
# What happens: the call leaves a mark "closed by hand" on the client, which the next `connect()` does not take away. The
# client connects, is `ready` and serves commands. When that connection breaks later, by a restart of the server or a
# proxy, perhaps after weeks, the mark is found: `retryStrategy` is not asked, the client emits `end`, and every command
# fails with "Connection is closed." from then on. Without the one needless `disconnect()` it reconnects.
#
# Versions: ioredis 6.0.0 and 5.8.2, redis-server 7.0.15 of Debian 12, Node 20.20. Needs redis-server, redis-cli, node, npm.
# Source: `disconnect` and `connect` in lib/Redis.ts and the close handler in lib/redis/event_handler.ts
# (`manuallyClosing`).
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in redis-server redis-cli node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
socket="$folder/redis.sock"
trap 'redis-cli -s "$socket" shutdown nosave >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
redis-server --version
redis-server --port 0 --unixsocket "$socket" --save '' --dir "$folder" --daemonize yes >/dev/null
for _ in $(seq 100); do redis-cli -s "$socket" ping >/dev/null 2>&1 && break; sleep 0.1; done
cat > "$folder/try.cjs" <<'JS'
const { once } = require('node:events');
const Redis = require('ioredis');
const { version } = require('ioredis/package.json');
const path = process.argv[2];

/** What becomes of a client whose connection breaks, after it was ended and opened again. */
async function breakSecondConnection(isDisconnectedWhenEnded) {
  const client = new Redis({ path, lazyConnect: true, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  await client.connect();
  const ended = once(client, 'end');
  await client.quit();
  await ended;
  if (isDisconnectedWhenEnded) client.disconnect();
  await client.connect();
  const before = await client.ping();
  const over = Promise.race([once(client, 'ready').then(() => 'ready again'), once(client, 'end').then(() => 'end')]);
  const other = new Redis({ path });
  await other.client('KILL', 'ID', await client.client('ID'));
  other.disconnect();
  const became = await over;
  const after = await client.ping().catch((error) => error.message);
  client.disconnect();
  return { before, became, after };
}

(async () => {
  const plain = await breakSecondConnection(false);
  const marked = await breakSecondConnection(true);
  const told = ({ before, became, after }) => `${before}, then a broken connection: ${became}, ${after}`;
  console.log(`ioredis ${version}, connect() after end:                 ${told(plain)}`);
  console.log(`ioredis ${version}, connect() after end, disconnect():   ${told(marked)}`);
  const isSo = plain.became === 'ready again' && plain.after === 'PONG' && marked.before === 'PONG' && marked.became === 'end';
  process.exit(isSo ? 0 : 1);
})();
JS
for version in 6.0.0 5.8.2; do
  mkdir "$folder/$version"
  cd "$folder/$version"
  cp ../try.cjs .
  npm init -y >/dev/null
  npm install --no-audit --no-fund --silent "ioredis@$version" || exit 2
  node try.cjs "$socket"
done
