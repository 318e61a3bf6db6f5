#!/usr/bin/env bash
# A replica of Redis or Valkey never says `expired`: of a key that expires it says `del`, and ioredis subscribes a Cluster at any
# server, replicas too.
#
# One would guess: who has subscribed to `__keyevent@0__:expired` is told of each key of that server that expires, be it a job that is
# due, a lock whose holder is gone, or a session that is over. A replica has the same keys with the same times to live, publishes
# `set`, `expire` and all other events of them like its master, and answers that such a key is not there from the very moment. In a
# cluster each server speaks of its own keys only, so with one master a single subscription of the Cluster hears them all.
#
# What happens: a replica does not expire keys. Its master does, and sends it a DEL, and DEL is what the replica publishes. So a listener
# of `expired` at a replica hears nothing, for ever, with a subscription that is well; and one that listens to `del`, so as to be told
# of a lock that was released or an order that was cancelled by hand, is told so of each that has merely run out. `subscribe` and
# `psubscribe` of an ioredis Cluster go to a server drawn from all that it knows, replicas too, and anew after each lost connection.
# With a master and two replicas two of three processes are deaf, and the next reconnection or failover deals the cards again; a test
# against a single server never shows it. node-redis subscribes at masters, and draws from all like ioredis as soon as `useReplicas`
# is set, which speaks of reads. What helps is a connection of its own to each master (`cluster.nodes('master')`, and again at
# `+node`), or not to depend on this event.
#
# Versions: redis-server 7.0.15 (any in PATH), the same seen on Redis 8.0.6 and Valkey 9.1.2; ioredis 6.0.0, node-redis
# 6.3.1 (the package redis), Node 20.20. Needs redis-server, redis-cli, node and npm.
# Source: `deleteExpiredKeyAndPropagate` in src/db.c of both, which notifies of `expired` on the master and propagates DEL;
# `selectSubscriber` in lib/cluster/ClusterSubscriber.ts of ioredis. The page on keyspace notifications tells when `expired` is
# generated, and not by which server.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server redis-cli; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
servers=()
stop() {
  for server in "${servers[@]}"; do kill -KILL "$server" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 redis@6.3.1 >/dev/null || exit 2
# A cluster of one master with two replicas. The bus of a cluster listens at the port + 10000.
mapfile -t ports < <(node -e '
  const { createServer } = require("node:net");
  const isFree = (port) => new Promise((resolve) => {
    const probe = createServer().once("error", () => resolve(false)).listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
  (async () => {
    const found = [];
    for (let port = 21000 + (process.pid % 9000); found.length < 3; port += 1) {
      if ((await isFree(port)) && (await isFree(port + 10000))) found.push(port);
    }
    console.log(found.join("\n"));
  })()')
for port in "${ports[@]}"; do
  redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' --cluster-enabled yes --cluster-config-file "$port.conf" \
    --cluster-node-timeout 60000 --repl-diskless-sync-delay 0 --notify-keyspace-events KEA >/dev/null &
  servers+=($!)
done
cli() { redis-cli -p "${ports[$1]}" "${@:2}"; }
# Runs a command until it succeeds, for twenty seconds at most.
until_true() {
  for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  echo "did not come: $*"
  exit 2
}
has() { cli "$1" "${@:3}" | grep -q "$2"; }
for i in 0 1 2; do until_true has "$i" PONG ping; done
cli 0 cluster addslotsrange 0 16383 >/dev/null
for i in 0 1 2; do cli "$i" cluster set-config-epoch $((i + 1)) >/dev/null; done
for i in 1 2; do cli 0 cluster meet 127.0.0.1 "${ports[i]}" >/dev/null; done
for i in 0 1 2; do until_true has "$i" cluster_known_nodes:3 cluster info; done
id=$(cli 0 cluster myid)
for i in 1 2; do until_true has "$i" OK cluster replicate "$id"; done
until_true has 0 'slave1:.*state=online' info replication
for i in 0 1 2; do until_true has "$i" cluster_state:ok cluster info; done
# A server tells clients of a replica once that has something.
cli 0 set key value >/dev/null
for i in 0 1 2; do for port in "${ports[@]}"; do until_true has "$i" "$port" cluster slots; done; done
cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { setTimeout: later } = require('node:timers/promises');
const { Cluster, Redis } = require('ioredis');
const { createCluster } = require('redis');

const ports = process.argv.slice(2).map(Number);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const TIMES = 40;

/** Listens to all events, and gives the list into which they are written. */
async function listen(client) {
  const heard = [];
  client.on('pmessage', (_pattern, channel, key) => key === 'job' && heard.push(channel.split(':')[1]));
  await client.psubscribe('__keyevent@0__:*');
  return heard;
}

async function main() {
  const servers = ports.map((port) => new Redis(port));
  const names = ['the master', 'a replica', 'another replica'];
  const atServers = [];
  for (const port of ports) atServers.push(await listen(new Redis(port)));
  const ofIoredis = [];
  for (let i = 0; i < TIMES; i += 1) ofIoredis.push(await listen(new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })))));
  const ofNodeRedis = { true: [], false: [] };
  for (let i = 0; i < 2 * TIMES; i += 1) {
    const useReplicas = i < TIMES;
    const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })), useReplicas });
    await cluster.connect();
    const heard = [];
    await cluster.pSubscribe('__keyevent@0__:*', (key, channel) => key === 'job' && heard.push(channel.split(':')[1]));
    ofNodeRedis[useReplicas].push(heard);
  }
  await later(1000);
  await servers[0].set('job', 'due', 'PX', 500);
  await later(3000);
  let isSo = true;
  const info = await servers[0].info('server');
  console.log((/valkey_version:\S+/.exec(info) ?? /redis_version:\S+/.exec(info))[0]);
  for (const [i, heard] of atServers.entries()) {
    console.log(`  ${names[i]} says of a key that expires: ${heard.join(', ')}`);
    isSo &&= heard.join() === (i === 0 ? 'set,expire,expired' : 'set,expire,del');
  }
  const count = (all) => all.filter((heard) => heard.includes('expired')).length;
  console.log(`  of ${TIMES} Clusters each, all subscribed, are told that it has expired: of ioredis ${version('ioredis')} ${count(ofIoredis)};`);
  console.log(`    of node-redis ${version('redis')} ${count(ofNodeRedis.false)}, and ${count(ofNodeRedis.true)} with useReplicas`);
  for (const heard of [ofIoredis, ofNodeRedis.true]) isSo &&= count(heard) > 0 && count(heard) < TIMES;
  isSo &&= count(ofNodeRedis.false) === TIMES;
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
node try.cjs "${ports[@]}"
