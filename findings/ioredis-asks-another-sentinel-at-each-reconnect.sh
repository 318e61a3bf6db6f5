#!/usr/bin/env bash
# ioredis asks another Sentinel at each reconnect, so one Sentinel that is cut off takes every second connection back to the old
# master, even from the new one.
#
# One would guess: ioredis begins at the first Sentinel of the list, or at the one that led to a good master the last time: its
# code moves that one to the front of the list. A client that has found the new master after a failover finds it again when its
# connection breaks.
#
# What happens: only the failover detector moves a Sentinel to the front, and it is off by default. Without it the next look
# begins behind the Sentinel that answered last, round and round. A Sentinel that is cut off from the others goes on naming the
# old master, which goes on saying `role:master`. With two Sentinels, every second reconnect leads there, although the client was
# at the new master a moment ago, and nothing was wrong with that Sentinel or that master. What it writes there is lost when the
# old master becomes a replica. ioredis does not ask for `config-epoch`, by which the Sentinels themselves tell who is right.
#
# Versions: ioredis 6.0.0, redis-server 7.0.15 (any in PATH), Node 20.20. Needs redis-server, redis-cli, node and npm.
# Here the Sentinel that is cut off watches a master of its own, which stands for the old one.
# Source: SentinelConnector.connect and SentinelIterator of ioredis (`reset(true)` only in initFailoverDetector and check).
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server redis-cli; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 >/dev/null || exit 2
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
serve() { # port, and more arguments
  mkdir -p "d$1"
  redis-server --port "$1" --bind 127.0.0.1 --dir "$folder/d$1" --save '' "${@:2}" >/dev/null &
  pids+=($!)
}
watch_master() { # port of the Sentinel, port of its master
  mkdir -p "d$1"
  printf 'port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor locks 127.0.0.1 %s 1\n' "$1" "$folder/d$1" "$2" > "s$1.conf"
  redis-server "s$1.conf" --sentinel >/dev/null &
  pids+=($!)
}
until_is() { # seconds, what is waited for, a command
  for _ in $(seq $(($1 * 10))); do if eval "$3" >/dev/null 2>&1; then return; fi; sleep 0.1; done
  echo "cannot be tried: $2"; exit 2
}
old=$(free_port); first=$(free_port); new=$(free_port); cut_off=$(free_port); good=$(free_port)
serve "$old"
serve "$first" --repl-diskless-sync-delay 0
serve "$new" --replicaof 127.0.0.1 "$first"
until_is 20 'the replica follows' "redis-cli -p $new info replication | grep -q master_link_status:up"
watch_master "$cut_off" "$old"
watch_master "$good" "$first"
until_is 30 'the Sentinel knows the replica' "redis-cli -p $good sentinel replicas locks | grep -A1 master-link-status | grep -q ok"
redis-cli -p "$good" sentinel failover locks >/dev/null
until_is 30 'the failover' "redis-cli -p $good sentinel get-master-addr-by-name locks | grep -q $new"
epoch() { redis-cli -p "$1" sentinel master locks | grep -A1 config-epoch | tail -1; }
echo "$(redis-server --version | cut -d' ' -f3), ioredis $(node -p "require('ioredis/package.json').version")"
echo "the Sentinel that is cut off names the old master, epoch $(epoch "$cut_off"); the other one the new master, epoch $(epoch "$good")"
cat > try.js <<'JS'
const { Redis } = require('ioredis');
const [cutOff, good, old, fresh] = process.argv.slice(2).map(Number);
const at = (port) => ({ host: '127.0.0.1', port });
const redis = new Redis({ sentinels: [at(good), at(cutOff)], name: 'locks', retryStrategy: () => 20 });
redis.on('error', () => undefined);
const visited = [];
redis.on('ready', () => {
  const port = redis.stream.remotePort;
  visited.push(port === old ? 'old' : port === fresh ? 'new' : String(port));
  if (visited.length < 6) redis.stream.destroy();
  else {
    console.log(`masters of six connections, one after another: ${visited.join(', ')}`);
    redis.disconnect();
    process.exit(visited.join() === 'new,old,new,old,new,old' ? 0 : 1);
  }
});
setTimeout(() => process.exit(2), 20_000);
JS
node try.js "$cut_off" "$good" "$old" "$new"
