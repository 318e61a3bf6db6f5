#!/usr/bin/env bash
# A transaction of etcd3 (npm) over two keys fails for ever with a conflict, without anybody else, as soon as one of the two was last
# written after the other one.
#
# One would guess: `etcd.stm().transact()` fails with a conflict (STMConflictError) if somebody has written one of its keys while it was
# under way, and begins again; so what it says of conflicts is about other writers, and more retries help. Its own example moves
# money between two accounts, at the isolation level that one gets without asking (SerializableSnapshot). With nobody else there,
# the first attempt succeeds.
#
# What happens: at that level what is written must not have changed since the transaction has read. The package takes the oldest
# `mod_revision` of the keys that it has read for the time of the read, in the place of the revision that etcd had then. So a key that was
# last written after the oldest one of the others counts as written meanwhile, in each attempt, whatever the number of retries. Two
# accounts that are only ever changed together have one revision, and all is well, in a test and for months; the first deposit
# on one of them alone ends each transfer between the two, until somebody writes both at once by another way. The error says that others
# write, so one looks for them. The client of etcd for Go had the same fault until 2017. What helps is
# `isolation: Isolation.Serializable`, which compares each key with what was read of it.
#
# Versions: etcd3 1.1.2, etcd 3.4.23 of Debian 12 (any in PATH), Node 20.20. Needs etcd (the Debian package etcd-server), node and npm.
# Source: `earliestModRevision` and `addNotChangedChecks` in src/stm.ts of microsoft/etcd3; etcd-io/etcd#8439 mended the same in
# clientv3/concurrency/stm.go. Its reference speaks of the levels in one line each.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in etcd node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool (apt-get install etcd-server)"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund etcd3@1.1.2 >/dev/null || exit 2
etcd --version | sed -n 1p
cat > try.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';

// The constants of the package (`const enum Isolation`), which are there for TypeScript alone.
const Isolation = { SerializableSnapshot: 0, Serializable: 1 };
const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
};
const [url, peerUrl] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
const server = spawn('etcd', [
  ...['--data-dir', 'data', '--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peerUrl],
  ...['--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`],
], { stdio: 'ignore' });
process.on('exit', () => server.kill());
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
const etcd = new Etcd3({ hosts: url });
for (let left = 300; !(await etcd.put('ready').value('yes').then(() => true, () => false)); left -= 1) {
  if (left === 0) throw new Error('etcd does not answer');
  await later(200);
}
console.log(`etcd3 ${JSON.parse(readFileSync('node_modules/etcd3/package.json', 'utf8')).version}; money is moved between two accounts, and nobody else is there`);

/** Moves 1 from one account to the other one, and tells how often it was tried, and what the caller is told. */
async function transfer(options) {
  let attempts = 0;
  const told = await etcd
    .stm(options)
    .transact(async (tx) => {
      attempts += 1;
      const [one, two] = await Promise.all([tx.get('accounts/1').number(), tx.get('accounts/2').number()]);
      await Promise.all([tx.put('accounts/1').value(one - 1), tx.put('accounts/2').value(two + 1)]);
    })
    .then(() => 'done', (error) => error.constructor.name);
  return `${told} after ${attempts} attempt(s)`;
}
async function revisions() {
  const { kvs } = await etcd.getAll().prefix('accounts/').exec();
  return kvs.map(({ mod_revision: revision }) => revision).join(' and ');
}
const seen = [];
async function note(text, options) {
  const were = await revisions();
  const told = await transfer(options);
  seen.push(told);
  console.log(`  ${text} (the revisions of the accounts are ${were}): ${told}`);
}
const open = (key) => etcd.put(key).value(100);
await etcd.if('accounts/1', 'Mod', '==', 0).then(open('accounts/1'), open('accounts/2')).commit();
await note('both accounts were opened in one transaction');
await note('a second transfer');
await etcd.put('accounts/2').value(150);
await note('one account was given 50 on its own');
await note('the same with 200 retries', { retries: 200 });
await note('the same with Serializable', { isolation: Isolation.Serializable });
await note('after that, once more with the level that is set');
await etcd.put('accounts/1').value(120);
await note('the other account was given something on its own');
server.kill();
const [done, conflict] = ['done after 1 attempt(s)', 'STMConflictError after 4 attempt(s)'];
const isSo = seen.join('; ') === [done, done, conflict, 'STMConflictError after 201 attempt(s)', done, done, conflict].join('; ');
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
