#!/usr/bin/env bash
# `wait` of an ioredis Cluster asks a master that is drawn at random, and says that a write is on a replica when it is on none.
#
# One would guess: `await cluster.set('order', ...)`, then `await cluster.wait(1, 100)`, tells how many replicas have the order, as it
# does with one server. WAIT speaks of the writes of its own connection, and a Cluster of ioredis has one connection to each server, so
# the client that knows where it wrote asks there, or asks all; or it refuses a command that has no key. node-redis and Valkey GLIDE
# ask each master, and answer the smallest number.
#
# What happens: a command without a key goes to any master. This one has got no write from the connection lately, so it counts all of
# its replicas that are connected, and answers at once. While the replica of the order is away, the answers are 1 and 0 in turn, at
# random: with twenty masters it is 1 in nineteen of twenty cases. So "the order is on two machines, now confirm it to the customer" is
# believed for an order that is on one machine only, and a failover of this one loses it. The same draw gives 0 for a write that is
# safe, if the replica of another master is away. A test against one master with its replicas never shows it. The types have the method,
# and no error is raised. What helps is a pipeline, `cluster.pipeline().set(...).wait(1, 100)`, which goes to the master of its key
# as a whole.
#
# Versions: ioredis 6.0.0 and 5.8.2, iovalkey 0.4.0; node-redis 6.3.1 (the package redis) and @valkey/valkey-glide 2.5.2 for
# comparison; redis-server 7.0.15 (any in PATH), Node 20.20. Needs redis-server, redis-cli, node and npm. The replica is stopped
# with SIGSTOP.
# Source: `sendCommand` in lib/cluster/index.ts of ioredis, where a command without a slot takes a sample of the masters; the request
# policy of WAIT is `all_shards` and its response policy `agg_min` in what COMMAND INFO of the server tells, which node-redis follows.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server redis-cli; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
servers=()
stop() {
  for server in "${servers[@]}"; do kill -CONT "$server" 2>/dev/null || true; kill -KILL "$server" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 ioredis-5@npm:ioredis@5.8.2 iovalkey@0.4.0 redis@6.3.1 @valkey/valkey-glide@2.5.2 >/dev/null || exit 2
# Two masters, and a replica of each. The bus of a cluster listens at the port + 10000.
mapfile -t ports < <(node -e '
  const { createServer } = require("node:net");
  const isFree = (port) => new Promise((resolve) => {
    const probe = createServer().once("error", () => resolve(false)).listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
  (async () => {
    const found = [];
    for (let port = 21000 + (process.pid % 9000); found.length < 4; port += 1) {
      if ((await isFree(port)) && (await isFree(port + 10000))) found.push(port);
    }
    console.log(found.join("\n"));
  })()')
for port in "${ports[@]}"; do
  redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' --cluster-enabled yes --cluster-config-file "$port.conf" \
    --cluster-node-timeout 60000 --repl-diskless-sync-delay 0 >/dev/null &
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
for i in 0 1 2 3; do until_true has "$i" PONG ping; done
cli 0 cluster addslotsrange 0 8191 >/dev/null
cli 1 cluster addslotsrange 8192 16383 >/dev/null
for i in 0 1 2 3; do cli "$i" cluster set-config-epoch $((i + 1)) >/dev/null; done
for i in 1 2 3; do cli 0 cluster meet 127.0.0.1 "${ports[i]}" >/dev/null; done
for i in 0 1 2 3; do until_true has "$i" cluster_known_nodes:4 cluster info; done
for i in 0 1; do
  id=$(cli "$i" cluster myid)
  until_true has $((i + 2)) OK cluster replicate "$id"
done
for i in 0 1; do until_true has "$i" 'state=online' info replication; done
for i in 0 1 2 3; do until_true has "$i" cluster_state:ok cluster info; done
cat > try.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { ClusterBatch, GlideClusterClient, Logger } = require('@valkey/valkey-glide');
const { Cluster } = require('ioredis');
const { Cluster: Cluster5 } = require('ioredis-5');
const { Cluster: ClusterOfIovalkey } = require('iovalkey');
const { createCluster } = require('redis');

const port = Number(process.argv[2]);
const replica = Number(process.argv[3]);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
Logger.setLoggerConfig('off');

function overIoredis(Client) {
  const cluster = new Client([{ host: '127.0.0.1', port }]);
  return {
    set: (key, value) => cluster.set(key, value),
    wait: () => cluster.wait(1, 100),
    setAndWait: async (key, value) => (await cluster.pipeline().set(key, value).wait(1, 100).exec())[1][1],
    end: () => cluster.disconnect(),
  };
}
const clients = {
  ioredis: () => overIoredis(Cluster),
  'ioredis-5': () => overIoredis(Cluster5),
  iovalkey: () => overIoredis(ClusterOfIovalkey),
  redis: async () => {
    const cluster = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] });
    await cluster.connect();
    return {
      set: (key, value) => cluster.set(key, value),
      wait: () => cluster.wait(1, 100),
      setAndWait: async (key, value) => (await cluster.multi().set(key, value).wait(1, 100).execAsPipeline())[1],
      end: () => cluster.destroy(),
    };
  },
  '@valkey/valkey-glide': async () => {
    const cluster = await GlideClusterClient.createClient({ addresses: [{ host: '127.0.0.1', port }], requestTimeout: 5000 });
    return {
      set: (key, value) => cluster.set(key, value),
      wait: () => cluster.wait(1, 100),
      setAndWait: async (key, value) => (await cluster.exec(new ClusterBatch(false).set(key, value).wait(1, 100), true)).at(-1),
      end: () => cluster.close(),
    };
  },
};

const TIMES = 24;
/** How often the client said "on one replica" and "on none" of a write that has just been made. */
async function count(answer) {
  const said = { 0: 0, 1: 0 };
  for (let i = 0; i < TIMES; i += 1) said[await answer(String(i))] += 1;
  return said;
}

async function main() {
  let isSo = true;
  // The slot of this key is 3300, one of the first master.
  const key = 'order:{b}';
  for (const [name, open] of Object.entries(clients)) {
    const client = await open();
    const setThenWait = async (value) => {
      await client.set(key, value);
      return client.wait();
    };
    const before = await count(setThenWait);
    process.kill(replica, 'SIGSTOP');
    const away = await count(setThenWait);
    const together = await count((value) => client.setAndWait(key, value));
    process.kill(replica, 'SIGCONT');
    client.end();
    console.log(`${name} ${version(name)}, ${TIMES} writes each: "on 1 replica" ${before[1]} times while all servers are there`);
    console.log(`  while the only replica of the key's master is stopped: ${away[1]} times; in one pipeline with the write: ${together[1]} times`);
    const isDrawn = name.startsWith('io');
    isSo &&= before[1] === TIMES && (isDrawn ? away[1] > 0 && away[0] > 0 : away[1] === 0) && together[1] === 0;
  }
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
redis-server --version | cut -d' ' -f1-3
node try.cjs "${ports[0]}" "${servers[2]}"
