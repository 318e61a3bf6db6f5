#!/usr/bin/env bash
# An ioredis Cluster loses its subscriptions and takes them up again, perhaps at another server, without one event.
#
# One would guess: subscriptions of a Cluster are as those of a plain client, as the README promises. A plain client
# whose connection breaks says `close`, `reconnecting` and `ready`; so whoever must not miss a message (a cache that
# is invalidated, a waiter that is woken by a release, a worker that is told of a job) looks again at `ready`. With a Cluster
# it is the same, or `node error`, `-node`, `+node` or a rejected command tell of the server that is lost.
#
# What happens: the subscriptions of a Cluster live on one connection of their own, to a server chosen at random, of which no
# public member tells. When that connection breaks (the server restarts, an idle timeout, the limit of its output
# buffer, CLIENT KILL), the Cluster chooses a server at random again and subscribes there. Nothing of this is emitted, not even
# `error`; its status stays `ready`; and what was published meanwhile is lost. The connections for commands are not
# touched, so nothing else fails either. Whoever wants to know has to ask the servers (PUBSUB NUMSUB), or to send messages
# to himself.
#
# Versions: ioredis 6.0.0 and 5.11.1; redis-server 7.0.15 (any from 7 on, in PATH). Needs node, npm, redis-server, redis-cli.
# Source: `onSubscriberEnd` and `selectSubscriber` in lib/cluster/ClusterSubscriber.ts of ioredis: its events go to the debug log.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server redis-cli; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
ports=()
stop() {
  for port in "${ports[@]}"; do redis-cli -p "$port" shutdown nosave >/dev/null 2>&1 || true; done
  rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
redis-server --version

free_port() {
  node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{const p=s.address().port;s.close(()=>console.log(p>50000?p-20000:p))})'
}
for i in 0 1 2; do
  port=$(free_port)
  mkdir "$folder/$i"
  redis-server --port "$port" --bind 127.0.0.1 --dir "$folder/$i" --cluster-enabled yes --save '' --appendonly no \
    --daemonize yes --logfile "$folder/$i/log" >/dev/null
  ports+=("$port")
done
for port in "${ports[@]}"; do
  for _ in $(seq 50); do redis-cli -p "$port" ping >/dev/null 2>&1 && break; sleep 0.1; done
done
redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-yes >/dev/null
for port in "${ports[@]}"; do
  for _ in $(seq 100); do redis-cli -p "$port" cluster info | grep -q cluster_state:ok && break; sleep 0.1; done
done

cat > try.cjs <<'JS'
const { setTimeout: later } = require('node:timers/promises');
const { Cluster, Redis } = require(process.argv[2]);
const ports = process.argv.slice(3).map(Number);
const CHANNEL = 'news';

/** All events that a client emits from now on, but those that bring a message. */
function noteEvents(client) {
  const events = [];
  const emit = client.emit;
  client.emit = function (event, ...args) {
    if (!String(event).startsWith('message')) events.push(String(event));
    return emit.call(this, event, ...args);
  };
  return events;
}

async function until(holds) {
  for (;;) {
    const found = await holds();
    if (found) return found;
    await later(5);
  }
}

/** What a client says when its subscription breaks: its events, its status, and the messages that it got. */
async function breakSubscription(client, servers) {
  client.on('error', () => undefined);
  const got = [];
  client.on('message', (_, message) => got.push(message));
  await client.subscribe(CHANNEL);
  const subscribed = async () => {
    for (const server of servers) if (Number((await server.pubsub('NUMSUB', CHANNEL))[1]) > 0) return server;
    return undefined;
  };
  const before = await until(subscribed);
  await before.publish(CHANNEL, 'one');
  await until(() => got.includes('one'));
  const events = noteEvents(client);
  await before.multi().client('KILL', 'TYPE', 'pubsub').publish(CHANNEL, 'two').exec();
  const after = await until(subscribed);
  await after.publish(CHANNEL, 'three');
  await until(() => got.includes('three'));
  const result = { events: events.join(', '), status: client.status, got: got.join(', ') };
  client.disconnect();
  await until(async () => (await subscribed()) === undefined);
  return result;
}

(async () => {
  const servers = ports.map((port) => new Redis(port));
  const plain = await breakSubscription(new Redis(ports[0]), servers);
  const runs = [];
  for (let i = 0; i < 4; i += 1) {
    const cluster = new Cluster([{ host: '127.0.0.1', port: ports[0] }]);
    await new Promise((resolve) => cluster.once('ready', resolve));
    runs.push(await breakSubscription(cluster, servers));
  }
  for (const [name, { events, status, got }] of [['Redis', plain], ...runs.map((run) => ['Cluster', run])]) {
    console.log(`  ${name}: events: ${events || 'none'}; status ${status}; messages: ${got}`);
  }
  for (const server of servers) server.disconnect();
  const says = ['close', 'reconnecting', 'ready'].every((event) => plain.events.includes(event));
  process.exit(says && runs.every(({ events, status }) => events === '' && status === 'ready') ? 0 : 1);
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
JS
outcome=0
for version in 6.0.0 5.11.1; do
  npm install --silent --no-audit --no-fund --no-save --prefix "$folder/v$version" "ioredis@$version" >/dev/null
  echo "ioredis $version"
  code=0
  node try.cjs "$folder/v$version/node_modules/ioredis" "${ports[@]}" || code=$?
  [ "$code" -gt "$outcome" ] && outcome=$code
done
exit "$outcome"
