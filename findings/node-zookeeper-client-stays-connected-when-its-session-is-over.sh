#!/usr/bin/env bash
# A client of ZooKeeper for Node whose packets are lost says "connected" for as long as that lasts, while its locks are given to
# others.
#
# One would guess: a client of ZooKeeper pings three times per session timeout, and if nothing has come for two thirds of it, it says
# that it is disconnected; so a holder knows that he may lose his lock before the server ends the session and gives it to the next
# one. That is what makes locks and leaders of ZooKeeper safe as far as clocks allow, and what the client for Java does. This package
# has the state DISCONNECTED, and the session timeout is an option of it.
#
# What happens: the client sends its pings, and does not look if they are answered. The server ends the session after one session
# timeout, the next worker creates the ephemeral node, and the first one is SYNC_CONNECTED, with no event, until the system
# gives up the connection, a quarter of an hour later with the defaults of Linux, or until packets come through again. Both are the
# leader for that long. A firewall that forgets a connection, a machine that is cut off, or a switch that fails is enough. A
# connection that is closed or refused is told at once, which is what one tries. What helps is an operation of one's own with a
# time limit, more often than once in a session timeout.
#
# Versions: node-zookeeper-client 1.1.3 on ZooKeeper 3.8.0 of Debian 12, Node 20.20. Needs java and the Debian package zookeeper (its
# jars in /usr/share/java), node and npm. The first worker reaches the server through a few lines of Node that lose what goes
# through.
# Source: `onSocketTimeout` and `updateTimeout` in lib/ConnectionManager.js, where the read timeout is a comment
# (alexguan/node-zookeeper-client#13). Its Readme says that DISCONNECTED is the state when there is no connection to the server.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in java node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
[ -e /usr/share/java/zookeeper.jar ] || { echo "needs zookeeper (apt-get install zookeeper)"; exit 2; }
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node-zookeeper-client@1.1.3 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
cat > zoo.cfg <<CFG
tickTime=1000
dataDir=$folder/data
clientPort=$port
clientPortAddress=127.0.0.1
admin.enableServer=false
CFG
java -cp '/usr/share/java/zookeeper.jar:/usr/share/java/*' org.apache.zookeeper.server.quorum.QuorumPeerMain zoo.cfg >server.log 2>&1 &
server=$!
cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const { setTimeout: later } = require('node:timers/promises');
const zookeeper = require('node-zookeeper-client');

const port = Number(process.argv[2]);
const SESSION_MS = 6000;
const { version } = JSON.parse(readFileSync('node_modules/node-zookeeper-client/package.json', 'utf8'));

/** Passes on what goes through, until it is cut. */
function path() {
  let isCut = false;
  const sockets = [];
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    sockets.push(near);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('data', (data) => { if (!isCut) to.write(data); });
      from.on('error', () => undefined);
      from.on('close', () => { if (!isCut) to.destroy(); });
    }
  });
  return new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () => resolve({
      port: proxy.address().port,
      lose: () => { isCut = true; },
      breakOff: () => { isCut = true; proxy.close(); for (const socket of sockets) socket.destroy(); },
    }));
  });
}
async function opened(at) {
  const client = zookeeper.createClient(`127.0.0.1:${at}`, { sessionTimeout: SESSION_MS });
  const connected = new Promise((resolve) => client.once('connected', resolve));
  client.connect();
  await connected;
  return client;
}
const take = (client, lock) => new Promise((resolve) => {
  client.create(lock, Buffer.from('worker'), zookeeper.CreateMode.EPHEMERAL, (error) => resolve(!error));
});

/** What a worker is told while the next one gets its lock, and for four session timeouts after that. */
async function lost(way) {
  const between = await path();
  const first = await opened(between.port);
  const next = await opened(port);
  const lock = `/${way}`;
  if (!(await take(first, lock)) || (await take(next, lock))) throw new Error('unexpected');
  const timeout = first.getSessionTimeout();
  const states = [];
  first.on('state', ({ name }) => states.push(name));
  between[way]();
  const start = performance.now();
  while (!(await take(next, lock))) await later(200);
  const seconds = Math.round((performance.now() - start) / 1000);
  const then = first.getState().name;
  await later(4 * timeout);
  const last = first.getState().name;
  console.log(`  ${way === 'lose' ? 'packets are lost' : 'the connection breaks'}: the next worker has the lock after ${seconds} s; the first one is ${then}`
    + ` then, and ${last} ${4 * timeout / 1000} s later; its events: ${states.join(', ') || 'none'}`);
  first.close();
  next.close();
  return [then, last, states.length > 0].join();
}
async function main() {
  const probe = await opened(port);
  console.log(`node-zookeeper-client ${version}, a session timeout of ${probe.getSessionTimeout() / 1000} s; a worker has a lock, and`);
  probe.close();
  const [lose, breakOff] = await Promise.all([lost('lose'), lost('breakOff')]);
  const isSo = lose === 'SYNC_CONNECTED,SYNC_CONNECTED,false' && breakOff === 'DISCONNECTED,DISCONNECTED,true';
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
node try.cjs "$port"
