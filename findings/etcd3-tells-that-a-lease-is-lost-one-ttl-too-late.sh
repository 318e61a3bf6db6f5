#!/usr/bin/env bash
# The lease of etcd3 (npm) says that it is lost one whole ttl after etcd has given the lock to somebody else.
#
# One would guess: a lease is renewed three times per ttl, and if no renewal has been answered for one ttl, the client says so:
# it cannot know better, and the server has forgotten the lease by then. The client of etcd for Go closes its channel at that
# moment. With the event `lost` one stops the work, so that two workers overlap by what their clocks and the network
# differ by, but not more.
#
# What happens: without an answer of the server, `lost` comes when two ttls are over. Between the two the server gives the key
# to the next worker, `revoked()` of the first lease says false, and both work: with a ttl of 60 s, for a minute. Nothing tells
# a broken connection and a silent one apart here: it is so if the connection is refused, where `keepaliveFailed` comes each 100
# ms, as in every harmless reconnection too, and if packets are swallowed. `lock(...)` of the same package has no event at all,
# so the function that is given to its `do` never learns that the lock is lost. What helps is a clock of one's own: to stop one
# ttl after the last `keepaliveSucceeded`, counted from before it was asked for.
#
# Versions: etcd3 1.1.2 on etcd 3.4.23 of Debian 12, Node 20.20. Needs etcd (the Debian package etcd-server), node and npm. The
# first worker reaches etcd through a few lines of Node that break off, or swallow, what goes through.
# Source: `keepalive` in src/lease.ts of microsoft/etcd3 (microsoft/etcd3#57 and #155). The description of the event speaks of a ttl
# that has definitely expired.
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
import { connect, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';

const TTL_S = 5;
const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
};
const [port, peerPort] = [await freePort(), await freePort()];
const [url, peerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
const server = spawn('etcd', [
  ...['--data-dir', 'data', '--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peerUrl],
  ...['--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`],
], { stdio: 'ignore' });
process.on('exit', () => server.kill());
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
const direct = new Etcd3({ hosts: url });
for (let left = 300; !(await direct.put('ready').value('yes').then(() => true, () => false)); left -= 1) {
  if (left === 0) throw new Error('etcd does not answer');
  await later(200);
}

/** A way to etcd that can be cut: `refuse` breaks connections off, `swallow` leaves them open. */
async function cuttable() {
  const sockets = new Set();
  let isCut = false;
  const proxy = createServer((near) => {
    if (isCut === 'refuse') return near.destroy();
    sockets.add(near.on('error', () => undefined));
    if (isCut) return undefined;
    const far = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.add(far);
    near.on('close', () => far.destroy()).pipe(far);
    return far.on('close', () => near.destroy()).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = (how) => {
    isCut = how;
    for (const socket of sockets) how === 'refuse' ? socket.destroy() : socket.unpipe().pause();
  };
  return { host: `127.0.0.1:${proxy.address().port}`, cut };
}

/** Takes the key with a lease, if nobody has it. */
async function taken(client, key, who) {
  const lease = client.lease(TTL_S);
  const id = await lease.grant();
  const { succeeded } = await client.if(key, 'Create', '==', 0).then(client.put(key).value(who).lease(id)).commit();
  if (!succeeded) await lease.revoke();
  return succeeded ? lease : undefined;
}

async function loss(how) {
  const { host, cut } = await cuttable();
  const first = await taken(new Etcd3({ hosts: host }), how, 'first');
  let renewed = performance.now();
  first.on('keepaliveSucceeded', () => { renewed = performance.now(); });
  await once(first, 'keepaliveSucceeded');
  const lost = once(first, 'lost').then(() => performance.now());
  cut(how);
  let second;
  while (!(second = await taken(direct, how, 'second'))) await later(100);
  const atSecond = performance.now();
  const isToldFirst = first.revoked();
  const holder = await direct.get(how).string();
  const atLost = await lost;
  const ttls = (at) => ((at - renewed) / 1000 / TTL_S).toFixed(1);
  const text = `${how}: ${ttls(atSecond)} ttls after the last renewal the ${holder} worker has the key; the lease of the first one says`;
  console.log(`${text} ${isToldFirst ? 'that it is lost' : 'nothing'}, and "lost" ${ttls(atLost)} ttls after it`);
  await second.revoke();
  return !isToldFirst && holder === 'second' && atSecond < atLost && atLost - renewed >= 2 * TTL_S * 1000;
}

console.log(`etcd3 ${JSON.parse(readFileSync('node_modules/etcd3/package.json', 'utf8')).version}`);
const results = await Promise.all([loss('refuse'), loss('swallow')]);
const isSo = results.every(Boolean);
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
