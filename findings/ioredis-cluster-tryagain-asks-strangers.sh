#!/usr/bin/env bash
# ioredis answers TRYAGAIN of a Redis Cluster by asking servers at random, and reports MOVED in the end.
#
# One would guess: while a slot migrates, a command on two of its keys of which one has moved already is answered
# TRYAGAIN. The Cluster specification has one meaning for it: the slot is being moved, ask again later. So a client waits
# (ioredis has the option `retryDelayOnTryAgain`, 100 ms) and asks the owner of the slot again;
# and a command that runs out of tries fails with TRYAGAIN.
#
# What happens: after the delay ioredis sends the command to a master chosen at random. Those that do not own the slot
# answer MOVED, each of which is followed at once and uses up one of `maxRedirections` (16). So with three masters a
# command lives through a much shorter migration than 16 x 100 ms, how long depends on chance, servers that have nothing
# to do with the slot get the traffic, and the error often names MOVED, which sends the reader to look for a wrong
# topology. Whoever sends scripts or MGET/MSET with several keys of one hash tag meets this in every reshard.
#
# Versions: ioredis 6.0.0 and 5.4.1; redis-server 7.0.15 (any from 7 on, in PATH). Needs node, npm, redis-server, redis-cli.
# Source: `handleError` and `sendCommand` of ioredis (lib/cluster/index.ts); the Redis Cluster specification, "Multiple
# keys operations"; INFO errorstats of the servers, below.
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
const { Cluster } = require(process.argv[2]);
const ports = process.argv.slice(3).map(Number);
const COMMANDS = 10;
(async () => {
  const cluster = new Cluster([{ host: '127.0.0.1', port: ports[0] }]);
  cluster.on('error', () => {});
  await cluster.mset('{a}1', 'x', '{a}2', 'y');
  const masters = cluster.nodes('master');
  const slots = await masters[0].cluster('SLOTS');
  const slot = Number(await masters[0].cluster('KEYSLOT', '{a}1'));
  const ownerPort = slots.find(([from, to]) => from <= slot && slot <= to)[2][1];
  const owner = masters.find((one) => one.options.port === ownerPort);
  const others = masters.filter((one) => one !== owner);
  const [target] = others;
  const [ownerId, targetId] = await Promise.all([owner, target].map((one) => one.cluster('MYID')));
  // A reshard in its middle, as redis-cli does it: one of two keys has moved.
  await target.cluster('SETSLOT', slot, 'IMPORTING', ownerId);
  await owner.cluster('SETSLOT', slot, 'MIGRATING', targetId);
  await owner.migrate('127.0.0.1', target.options.port, '{a}1', 0, 1000);

  const moved = async () => {
    const texts = await Promise.all(others.map((one) => one.info('errorstats')));
    return texts.reduce((sum, text) => sum + Number(/errorstat_MOVED:count=(\d+)/.exec(text)?.[1] ?? 0), 0);
  };
  const before = await moved();
  const start = Date.now();
  const results = await Promise.all(
    Array.from({ length: COMMANDS }, async () => {
      const error = await cluster.mget('{a}1', '{a}2').then(() => undefined, (reason) => reason);
      return { error: String(error?.lastNodeError ?? error), ms: Date.now() - start };
    }),
  );
  const strangers = (await moved()) - before;
  const longest = Math.max(...results.map(({ ms }) => ms));
  const shortest = Math.min(...results.map(({ ms }) => ms));
  const byMoved = results.filter(({ error }) => error.includes('MOVED')).length;
  console.log(`  ${COMMANDS} x MGET of two keys of a slot that migrates, 16 tries each, 100 ms after each TRYAGAIN:`);
  console.log(`  answers MOVED from masters without the slot: ${strangers} (0 if the owner were asked again)`);
  console.log(`  failed after ${shortest} to ${longest} ms (about 1600 if the owner were asked again)`);
  console.log(`  last error MOVED: ${byMoved} of ${COMMANDS}, e.g. ${results[0].error}`);
  await owner.cluster('SETSLOT', slot, 'STABLE');
  await target.cluster('SETSLOT', slot, 'STABLE');
  await Promise.all(masters.map((one) => one.flushall()));
  cluster.disconnect();
  process.exit(strangers > 0 && results.every(({ error }) => error !== 'undefined') ? 0 : 1);
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
JS
outcome=0
for version in 6.0.0 5.4.1; do
  npm install --silent --no-audit --no-fund --no-save --prefix "$folder/v$version" "ioredis@$version" >/dev/null
  echo "ioredis $version"
  code=0
  node try.cjs "$folder/v$version/node_modules/ioredis" "${ports[@]}" || code=$?
  [ "$code" -gt "$outcome" ] && outcome=$code
done
exit "$outcome"
