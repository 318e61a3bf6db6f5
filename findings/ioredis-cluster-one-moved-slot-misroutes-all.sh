#!/usr/bin/env bash
# One MOVED turns a whole range of slots of an ioredis Cluster to the wrong master.
#
# One would guess: MOVED names one slot and its new master, so the client notes that for this slot, as the Redis Cluster
# specification says, and commands for the other slots go where they went before.
#
# What happens: when ioredis reads CLUSTER SLOTS it stores one array of addresses for each range and lets all slots of the
# range share it. At a MOVED it overwrites the first element of that array, so every slot of the range now points to the
# new master of the one slot. Commands for slots that never moved go there, get MOVED back, and overwrite the array again:
# the moved slot is wrong once more. It ends with the next CLUSTER SLOTS, which ioredis asks for at each MOVED. So in a
# reshard each slot that moves costs a second round trip for whatever a busy client has under way for thousands of slots,
# uses up `maxRedirections`, and makes the target of the reshard refuse a burst of commands that it should never see.
#
# Versions: ioredis 6.0.0 and 5.4.1; redis-server 7.0.15 (any from 7 on, in PATH). Needs node, npm, redis-server, redis-cli.
# Source: `moved` in `sendCommand`, and `getInfoFromNode`, of ioredis (lib/cluster/index.ts); INFO errorstats below.
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
const { Cluster, Redis } = require(process.argv[2]);
const ports = process.argv.slice(3).map(Number);
const [READERS, SLOTS] = [50, 20];
(async () => {
  const cluster = new Cluster([{ host: '127.0.0.1', port: ports[0] }]);
  cluster.on('error', () => {});
  const asked = new Redis(ports[0]);
  const named = new Map();
  for (let i = 0; named.size < 3000; i += 1) {
    const name = `k${i}`;
    const slot = Number(await asked.cluster('KEYSLOT', name));
    if (!named.has(slot)) named.set(slot, name);
  }
  const owners = await asked.cluster('SLOTS');
  const ownerOf = (slot) => owners.find(([from, to]) => from <= slot && slot <= to)[2][1];
  const idOf = new Map();
  const masters = new Map();
  await cluster.get('x').catch(() => undefined);
  for (const one of cluster.nodes('master')) {
    masters.set(one.options.port, one);
    idOf.set(one.options.port, await one.cluster('MYID'));
  }
  const from = ownerOf([...named.keys()][0]);
  const to = [...masters.keys()].find((port) => port !== from);
  const inRange = [...named].filter(([slot]) => ownerOf(slot) === from);
  const moving = inRange.slice(0, SLOTS);
  const staying = inRange.slice(SLOTS).map(([, name]) => name);

  let isOver = false;
  let reads = 0;
  let givenUp = 0;
  /** A read may use up its redirections: that is a part of what happens here. */
  const read = (name) =>
    cluster.get(name).then(() => { reads += 1; }, (error) => {
      if (!error.message.startsWith('Too many Cluster redirections')) throw error;
      givenUp += 1;
    });
  const readers = Array.from({ length: READERS }, async (_, reader) => {
    for (let i = reader; !isOver; i += 1) {
      await read(staying[i % staying.length]);
    }
  });
  const count = async (port) =>
    Number(/errorstat_MOVED:count=(\d+)/.exec(await masters.get(port).info('errorstats'))?.[1] ?? 0);
  const before = (await count(from)) + (await count(to));
  for (const [slot, name] of moving) {
    // It has no keys, so two words to each master move it whole.
    for (const port of [to, from, ...[...masters.keys()].filter((one) => one !== to && one !== from)])
      await masters.get(port).cluster('SETSLOT', slot, 'NODE', idOf.get(to));
    await read(name);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  isOver = true;
  await Promise.all(readers);
  const moved = (await count(from)) + (await count(to)) - before;
  console.log(`  ${SLOTS} slots moved, each read once; beside it ${READERS} readers of ${staying.length} slots that stayed (${reads} reads, and ${givenUp} that failed with "Too many Cluster redirections")`);
  console.log(`  answers MOVED: ${moved} (${SLOTS} if a MOVED were noted for its own slot)`);
  for (const [slot] of moving)
    for (const port of [from, to, ...[...masters.keys()].filter((one) => one !== to && one !== from)])
      await masters.get(port).cluster('SETSLOT', slot, 'NODE', idOf.get(from));
  process.exit(moved > 3 * SLOTS ? 0 : 1);
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
