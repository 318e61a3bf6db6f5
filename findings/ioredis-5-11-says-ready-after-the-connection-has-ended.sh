#!/usr/bin/env bash
# With `enableReadyCheck: false` and `maxRetriesPerRequest: 0`, ioredis 5.11 says `ready` of a connection that broke while
# it was greeted, and never reconnects.
#
# One would guess: with `enableReadyCheck: false` a client is `ready` as soon as it is connected, and with
# `maxRetriesPerRequest: 0` commands fail with their connection. If the connection breaks before the server has answered
# CLIENT SETNAME and CLIENT SETINFO, the events are `connect`, `close`, `reconnecting`, and after the delay of
# `retryStrategy` the client connects again, as it does when a connection breaks later.
#
# What happens: this version waits for the answers to these two commands before it becomes ready, whatever they are, and
# here they fail with the connection. So the events are `connect`, `close`, `reconnecting`, `ready`: the client says `ready`
# although it has no connection. When the delay is over, its own `connect()` is refused, since a client that is ready is
# connected already. It stays so for good, and no event tells of it. A proxy that accepts while the server behind it
# restarts is enough. With the ready check (the default), and in ioredis 6, it reconnects.
#
# Versions: ioredis 5.11.1 (reconnects: 5.11.1 with the ready check, and 6.0.0), Node 20.20. Needs node and npm; the
# server is a few lines of Node that accept, and answer from the second connection on.
# Source: `connectHandler` in lib/redis/event_handler.ts of ioredis: the ready check compares the number of the connection,
# the way without it does not.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.cjs" <<'JS'
const net = require('node:net');
const Redis = require('ioredis');
const { version } = require('ioredis/package.json');

/** What becomes of a client whose first connection breaks before anything on it was answered. */
async function breakFirst(enableReadyCheck) {
  let accepted = 0;
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    accepted += 1;
    if (accepted === 1) {
      socket.once('data', () => setTimeout(() => socket.resetAndDestroy(), 20));
      return;
    }
    // One reply per command of the protocol; INFO is answered as a server that is not loading.
    socket.on('data', (data) => {
      for (const command of String(data).split(/(?=\*\d+\r\n)/)) {
        socket.write(/\r\ninfo\r\n/i.test(command) ? '$11\r\nloading:0\r\n\r\n' : '+OK\r\n');
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const client = new Redis({ port, host: '127.0.0.1', enableReadyCheck, maxRetriesPerRequest: 0, retryStrategy: () => 100 });
  const events = [];
  client.on('error', () => undefined);
  for (const event of ['connect', 'close', 'reconnecting', 'ready']) client.on(event, () => events.push(event));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const result = { events: events.join(', '), status: client.status, connections: accepted };
  client.disconnect();
  server.close();
  return result;
}

(async () => {
  const [without, withCheck] = [await breakFirst(false), await breakFirst(true)];
  const told = ({ events, status, connections }) => `${events}; status ${status}, ${connections} connections in 1.5 s`;
  console.log(`ioredis ${version}, no ready check: ${told(without)}`);
  console.log(`ioredis ${version}, ready check:    ${told(withCheck)}`);
  const isSo =
    version === '5.11.1'
      ? without.status === 'ready' && without.connections === 1 && withCheck.connections === 2
      : without.status === 'ready' && without.connections === 2;
  process.exit(isSo ? 0 : 1);
})();
JS
for version in 5.11.1 6.0.0; do
  mkdir "$folder/$version"
  cd "$folder/$version"
  cp ../try.cjs .
  npm init -y >/dev/null
  npm install --no-audit --no-fund --silent "ioredis@$version" || exit 2
  node try.cjs
done
