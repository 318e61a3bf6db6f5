#!/usr/bin/env bash
# The atomic slot migration of Valkey 9 carries the moment at which a key ends, and not the time that it has left: on a target whose clock
# is a minute ahead, a lock of thirty seconds is gone while it is held.
#
# One would guess: `CLUSTER MIGRATESLOTS` does what resharding by SETSLOT and MIGRATE has always done, in one step that no client can
# notice half-done. That is what "atomic" stands for. MIGRATE sends the time that a key has left, so the clocks of the two servers play
# no part; in a cluster each key is judged by one clock, that of the master of its slot, and people know that it is those of a master
# and its replica that should agree.
#
# What happens: the source sends the commands with which it would rewrite its append-only file, each expiry as an absolute time, and the
# target judges that by its own clock. If that one is ahead, each lock, session, idempotency key and rate limit loses the difference at
# the switch, and whatever had less time left is gone at once: a second client gets the lock, while the first one has been told that it
# has thirty seconds. If it is behind, they live longer by the difference: a lock whose holder has died blocks everybody, a ban goes on.
# The migration says "success", and no log line tells of it. Rebalancing that was harmless between machines whose clocks
# differ is not any more as soon as valkey-cli does it with --cluster-use-atomic-slot-migration. A replica has the same trait, and
# always had (the last line of the output); here it concerns masters which had nothing to do with each other. What helps is to compare
# TIME of all masters before a migration, or MIGRATE.
#
# Versions: valkey-server 9.1.2 (one of 9 or later in PATH, or else that of Debian unstable, unpacked into a temporary folder), ioredis
# 6.0.0, Node 20.20. Needs cc, node and npm. The clocks are set by a small library that is loaded into the servers.
# Source: `childSnapshotForSyncSlot` in src/cluster_migrateslots.c, which calls `rewriteSlotToAppendOnlyFileRio` of src/aof.c (PEXPIREAT);
# `migrateCommand` in src/cluster.c, which sends a ttl to RESTORE. The page on atomic slot migration does not speak of expiry or clocks.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in cc node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 >/dev/null || exit 2
cat > clock.c <<'C'
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The clock of the machine, and CLOCK_AHEAD seconds. */
int clock_gettime(clockid_t id, struct timespec *at) {
  int result = (int)syscall(SYS_clock_gettime, id, at);
  const char *ahead = getenv("CLOCK_AHEAD");
  if (result == 0 && id == CLOCK_REALTIME && ahead) at->tv_sec += atol(ahead);
  return result;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
C
cc -shared -fPIC -o clock.so clock.c || exit 2
is_new_enough() { [[ "$("$@" --version 2>/dev/null)" =~ v=([0-9]+)\. ]] && [ "${BASH_REMATCH[1]}" -ge 9 ]; }
if is_new_enough valkey-server; then
  server=(env "LD_PRELOAD=$folder/clock.so" valkey-server)
else
  # Debian unstable has one; it is unpacked here with the libraries that it needs, and not installed.
  { command -v apt-get && command -v dpkg; } >/dev/null || { echo 'needs valkey-server 9 or later'; exit 2; }
  # shellcheck disable=SC2016 # the words are those of apt-get
  site=$(apt-get indextargets --format '$(SITE) $(COMPONENT)' 'Created-By: Packages' | sed -n 's/ main$//p' | head -1)
  mkdir -p apt/lists/partial apt/archives/partial root
  : >apt/status
  echo "deb $site unstable main" >apt/sources.list
  of_unstable() {
    apt-get -qq -o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$folder/apt/lists" \
      -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt" -o APT::Sandbox::User=root "$@"
  }
  of_unstable update >/dev/null 2>&1 || exit 2
  of_unstable install -y --download-only --no-install-recommends valkey-server >/dev/null 2>&1 || exit 2
  for package in apt/archives/lib*.deb apt/archives/zlib1g*.deb apt/archives/valkey-*.deb; do dpkg -x "$package" root; done
  libraries=$(dirname "$(find "$folder/root/usr/lib" -name libc.so.6 | head -1)")
  loader=$(find "$libraries" -name 'ld-linux*.so.*' | head -1)
  starter=("$loader" --library-path "$libraries")
  is_new_enough "${starter[@]}" root/usr/bin/valkey-server || { echo 'needs valkey-server 9 or later'; exit 2; }
  server=("${starter[@]}" --preload "$folder/clock.so" "$folder/root/usr/bin/valkey-server")
fi
cat > try.mjs <<'JS'
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { Redis } from 'ioredis';

const [program, ...options] = process.argv.slice(2);
const isFree = (port) => new Promise((resolve) => {
  const probe = createServer().once('error', () => resolve(false)).listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
});
/** Waits until that is so, for half a minute at most. */
async function until(what, isSoNow) {
  for (let left = 300; left > 0; left -= 1) {
    if (await isSoNow().catch(() => false)) return;
    await later(100);
  }
  console.log(`did not come: ${what}`);
  process.exit(2);
}

let nextPort = 21000 + (process.pid % 9000);
/** A server of a cluster whose clock is so many seconds ahead. Its bus listens at the port + 10000. */
async function started(ahead) {
  while (!(await isFree(nextPort)) || !(await isFree(nextPort + 10000))) nextPort += 1;
  const port = nextPort++;
  const child = spawn(program, [
    ...options, '--port', port, '--bind', '127.0.0.1', '--save', '', '--cluster-enabled', 'yes', '--cluster-config-file', `${port}.conf`,
    '--repl-diskless-sync-delay', '0',
  ].map(String), { stdio: 'ignore', env: { ...process.env, CLOCK_AHEAD: String(ahead) } });
  process.on('exit', () => child.kill('SIGKILL'));
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 100 }).on('error', () => undefined);
  await until('a server', async () => (await client.ping()) === 'PONG');
  return { port, ahead, client, cluster: (...words) => client.call('CLUSTER', ...words), id: await client.call('CLUSTER', 'MYID') };
}
const source = await started(0);
const targets = [await started(0), await started(60), await started(-60)];
const replica = await started(60);
const masters = [source, ...targets];
for (const [i, { cluster }] of masters.entries()) {
  await cluster('ADDSLOTSRANGE', i * 4096, i * 4096 + 4095);
  await cluster('SET-CONFIG-EPOCH', i + 1);
}
for (const { port } of [...targets, replica]) await source.cluster('MEET', '127.0.0.1', port);
await until('all servers know each other', async () => {
  for (const { cluster } of [...masters, replica]) {
    const info = await cluster('INFO');
    if (!info.includes('cluster_state:ok') || !info.includes('cluster_known_nodes:5')) return false;
  }
  return true;
});
await replica.cluster('REPLICATE', source.id);
await until('the replica follows', async () => (await source.client.info('replication')).includes('state=online'));

/** Names whose slots are those of the source, one at a time. */
let tried = 0;
async function nextName() {
  for (;;) {
    const name = `{${(tried += 1)}}`;
    const slot = await source.cluster('KEYSLOT', name);
    if (slot < 4096) return { name, slot };
  }
}
const ways = {
  async MIGRATE(target, slot, keys) {
    await target.cluster('SETSLOT', slot, 'IMPORTING', source.id);
    await source.cluster('SETSLOT', slot, 'MIGRATING', target.id);
    await source.client.call('MIGRATE', '127.0.0.1', target.port, '', 0, 5000, 'KEYS', ...keys);
    for (const { cluster } of [target, source]) await cluster('SETSLOT', slot, 'NODE', target.id);
  },
  async MIGRATESLOTS(target, slot) {
    await source.cluster('MIGRATESLOTS', 'SLOTSRANGE', slot, slot, 'NODE', target.id);
    await until('the migration', async () => {
      const job = (await source.cluster('GETSLOTMIGRATIONS')).map((each) => each.map(String)).find((each) => each.includes(`${slot}-${slot}`));
      return job[job.indexOf('state') + 1] === 'success';
    });
  },
};
const LOCK_S = 30;
const SESSION_S = 120;
const seconds = (ms) => (ms === -2 ? 'is gone' : `has ${Math.round(ms / 1000)} s left`);
const text = (ahead) => (ahead === 0 ? 'is right' : `is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}`);
/** Moves a lock and a session, and tells what they are on the target, and whether another client gets the lock there. */
async function moved(way, target) {
  const { name, slot } = await nextName();
  const [lock, session] = [`lock:${name}`, `session:${name}`];
  await source.client.set(lock, 'first', 'EX', LOCK_S, 'NX');
  await source.client.set(session, 'open', 'EX', SESSION_S);
  await ways[way](target, slot, [lock, session]);
  await until('the target has the slot', async () => (await target.client.exists(lock)) >= 0);
  const left = [await target.client.pttl(lock), await target.client.pttl(session)];
  const second = await target.client.set(lock, 'second', 'EX', LOCK_S, 'NX');
  console.log(`  ${way}, the clock of the target ${text(target.ahead)}: the lock ${seconds(left[0])}, the session ${seconds(left[1])}; another client ${second === 'OK' ? 'gets the lock' : 'is refused the lock'}`);
  return { left, isTaken: second === 'OK' };
}
/** Whether so many seconds are left, or somewhat less, for the time that all this takes. */
const isAbout = (ms, s) => (s <= 0 ? ms === -2 : ms > (s - 10) * 1000 && ms <= s * 1000 + 100);

const info = await source.client.info('server');
console.log(`valkey-server ${/valkey_version:(\S+)/.exec(info)[1]}, ioredis ${JSON.parse(readFileSync('node_modules/ioredis/package.json', 'utf8')).version}: a lock of ${LOCK_S} s and a session of ${SESSION_S} s are moved`);
let isSo = true;
for (const way of Object.keys(ways)) {
  for (const target of targets) {
    const { left, isTaken } = await moved(way, target);
    const lost = way === 'MIGRATESLOTS' ? target.ahead : 0;
    isSo &&= isAbout(left[0], LOCK_S - lost) && isAbout(left[1], SESSION_S - lost) && isTaken === LOCK_S - lost <= 0;
  }
}
const { name } = await nextName();
await source.client.set(name, 'first', 'EX', LOCK_S);
await source.client.wait(1, 5000);
await replica.client.call('READONLY');
const onReplica = await replica.client.get(name);
console.log(`  for comparison, a lock that is not moved: on the master it ${seconds(await source.client.pttl(name))}; its replica, whose clock ${text(replica.ahead)}, ${onReplica === null ? 'does not show it' : 'shows it'}`);
isSo &&= onReplica === null;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs "${server[@]}"
