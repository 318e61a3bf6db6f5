#!/usr/bin/env bash
# In a bucket of NATS that keeps history, a key lives as long as the delete markers of the bucket, whatever ttl it was given: the lease
# of a worker that died is held for an hour in the place of ten seconds.
#
# One would guess: `kv.create(key, holder, '10s')` is a lease as one wants it: whoever creates the key has it, and the server removes it
# after ten seconds if the holder is gone. It needs a bucket with `markerTTL`, the time for which the marker of a removed key is kept
# so that watchers are told, and an hour is a good value for that. With `history: 5` one can also see who had the lease before. The
# server refuses a ttl that it cannot keep, such as one below a second.
#
# What happens: with a history of more than one, the server raises each ttl below `markerTTL` to `markerTTL`, without a word. `create`
# answers as usual; the message that is stored has another `Nats-TTL` than the one that was sent. So a lease of ten seconds lasts an
# hour, all others are refused for as long, and those who watch for the end of it wait as long. With the default history of 1 the
# ttl is kept, so it shows when somebody turns history on to look into a problem. And in either bucket `update`, which is the only way
# to renew a lease that one still has, takes no ttl and leaves none: a lease that was renewed once is there for good after its holder
# has died. What helps is a history of 1, or a `markerTTL` as short as the shortest ttl; and, to renew, an `update` of the same key
# by the publish of JetStream with the headers Nats-TTL and Nats-Expected-Last-Subject-Sequence.
#
# Versions: nats-server 2.15.1 (any from 2.11.2 on in PATH, or else that of Debian unstable, which is not installed), @nats-io/kv 3.4.0,
# Node 20.20. Needs node and npm, and apt-get and dpkg if nats-server is missing or old.
# Source: nats-io/nats-server#6741, which raises the ttl so that no marker is missed, and #6818, which keeps it with one message per
# subject. The types of @nats-io/kv do not speak of it, neither at `create` nor at `markerTTL` and `history`.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 @nats-io/kv@3.4.0 >/dev/null || exit 2
is_new_enough() {
  local version
  version=$("$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+') || return 1
  [ "$(printf '%s\n' 2.11.2 "$version" | sort -V | head -1)" = 2.11.2 ]
}
server=$(command -v nats-server || true)
if [ -z "$server" ] || ! is_new_enough "$server"; then
  # Debian unstable has one that needs no library; it is unpacked here and not installed.
  { command -v apt-get && command -v dpkg; } >/dev/null || { echo 'needs nats-server 2.11.2 or later'; exit 2; }
  # shellcheck disable=SC2016 # the words are those of apt-get
  site=$(apt-get indextargets --format '$(SITE) $(COMPONENT)' 'Created-By: Packages' | sed -n 's/ main$//p' | head -1)
  mkdir -p apt/lists/partial apt/archives/partial
  : >apt/status
  echo "deb $site unstable main" >apt/sources.list
  of_unstable() {
    apt-get -qq -o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$folder/apt/lists" \
      -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt" -o APT::Sandbox::User=root "$@"
  }
  of_unstable update >/dev/null 2>&1 || exit 2
  of_unstable download nats-server >/dev/null 2>&1 || exit 2
  dpkg -x nats-server_*.deb server
  server="$folder/server/usr/sbin/nats-server"
  is_new_enough "$server" || { echo 'needs nats-server 2.11.2 or later'; exit 2; }
fi
cat > try.mjs <<'JS'
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, headers } from '@nats-io/transport-node';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const server = spawn(process.argv[2], ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', 'data'], { stdio: 'ignore' });
process.on('exit', () => server.kill());
let client;
for (let left = 100; client === undefined; left -= 1) {
  client = await connect({ servers: `127.0.0.1:${port}`, reconnect: false }).catch(() => undefined);
  if (client === undefined && left === 0) process.exit(2);
  if (client === undefined) await later(100);
}
const manager = await jetstreamManager(client);
const kvm = new Kvm(client);
console.log(`nats-server ${client.info.version}, @nats-io/kv ${version('@nats-io/kv')}; each lease is created with a ttl of 2 seconds`);

const AFTER = 20;
/** Creates a lease, and tells what ttl the server has stored, and for how long others are refused. */
async function tryLease({ history, markerTTL, renewal }) {
  const name = `history-${history}-${markerTTL}-${renewal}`;
  const bucket = await kvm.create(name, { history, markerTTL });
  const revision = await bucket.create('lease', 'one', '2s');
  const since = Date.now();
  const message = await manager.streams.getMessage(`KV_${name}`, { last_by_subj: `$KV.${name}.lease` });
  if (renewal === 'update') await bucket.update('lease', 'one', revision);
  if (renewal === 'publish') {
    const withTtl = headers();
    withTtl.set('Nats-TTL', '2s');
    await jetstream(client).publish(`$KV.${name}.lease`, 'one', { headers: withTtl, expect: { lastSubjectSequence: revision } });
  }
  let seconds = 0;
  for (; seconds < AFTER; seconds = (Date.now() - since) / 1000) {
    await later(200);
    if (await bucket.create('lease', 'two', '2s').then(() => true, () => false)) break;
  }
  const isHeld = seconds >= AFTER;
  console.log(`  history ${history}, markerTTL ${markerTTL / 1000} s${renewal ? `, renewed with ${renewal}` : ''}: stored with Nats-TTL ${message.header.get('Nats-TTL')}; ${
    isHeld ? `still held after ${AFTER} s` : `another one gets it after ${seconds.toFixed(1)} s`}`);
  return isHeld ? Infinity : seconds;
}
const [alone, longer, marked, short, updated, published] = await Promise.all([
  tryLease({ history: 1, markerTTL: 3_600_000 }),
  tryLease({ history: 5, markerTTL: 3_600_000 }),
  tryLease({ history: 5, markerTTL: 8_000 }),
  tryLease({ history: 5, markerTTL: 2_000 }),
  tryLease({ history: 1, markerTTL: 3_600_000, renewal: 'update' }),
  tryLease({ history: 1, markerTTL: 3_600_000, renewal: 'publish' }),
]);
const isShort = [alone, short, published].every((seconds) => seconds < 6);
const isSo = isShort && marked >= 7 && marked < 14 && longer === Infinity && updated === Infinity;
const refusal = await (await kvm.create('other', { markerTTL: 2000 })).create('lease', 'one', '200ms').then(() => 'taken', ({ message }) => message);
console.log(`  a ttl of 200 ms: ${refusal}`);
await client.close();
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs "$server"
