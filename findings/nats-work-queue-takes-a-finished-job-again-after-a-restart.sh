#!/usr/bin/env bash
# A restart of NATS makes a work queue forget which jobs it has done: JetStream takes a job that was finished a moment ago a second
# time, in the middle of its duplicate window.
#
# One would guess: `msgID` (Nats-Msg-Id) and the duplicate window make it safe to publish again. Whoever gets no answer, or reads
# the same order from an outbox once more, publishes with the same id, and is told `duplicate: true` as long as the window is
# open (two minutes, or hours if one sets it so). With an acknowledgement that the server confirms (`ackAck`) its page calls it exactly
# once. The stream is on disk, and its messages and consumers are there again after a restart, so the ids of the window are there
# too. A restart of the server is the very moment at which answers are lost and clients publish again.
#
# What happens: the ids are in memory. At its start the server reads them from the messages that the stream still has. A stream with
# the retention `workqueue` or `interest` deletes a message when its job is done. So the ids of jobs that wait are known again, and
# those of jobs that are done are forgotten: what was published again just before the restart is a duplicate, what is published again
# just after it is a new job with `duplicate: false`, and the order is charged a second time. No error is raised, and a test without a
# restart shows that it works. What helps is the retention `limits` (the default), where messages stay and a durable consumer keeps
# its place, or a record of its own in which a worker finds what is done.
#
# Versions: nats-server 2.9.10 of Debian 12, the same seen on 2.10.27 and 2.15.1; @nats-io/jetstream 3.4.0, Node 20.20. Needs
# nats-server (the Debian package, any in PATH), node and npm.
# Source: `rebuildDedupe` in server/stream.go of nats-io/nats-server; nats-io/nats-server#3272 (open since 2022) tells of it after a
# purge, and in #5142 a maintainer says that a work queue should keep ids for the whole window, so that no job runs again. The page
# on the model of JetStream speaks of the window, and not of restarts.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm nats-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 >/dev/null || exit 2
cat > try.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { AckPolicy, RetentionPolicy, StorageType, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});

/** Starts the server on the same folder, and connects. */
async function start() {
  const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', 'data'], { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  for (let left = 100; ; left -= 1) {
    try {
      const client = await connect({ servers: `127.0.0.1:${port}`, reconnect: false });
      const manager = await jetstreamManager(client);
      await manager.getAccountInfo();
      return { server, client, manager, stream: jetstream(client) };
    } catch (error) {
      if (left === 0) throw error;
      await later(100);
    }
  }
}
async function stop({ server, client }) {
  await client.close();
  server.kill('SIGTERM');
  await once(server, 'exit');
}
/** Publishes the order with its id, and says if it was taken for a duplicate. */
const publish = async ({ stream }, name, order) => (await stream.publish(name, order, { msgID: order })).duplicate;
/** Works on the next order of the stream, and acknowledges it. */
async function work({ stream }, name) {
  const consumer = await stream.consumers.get(name, 'worker');
  const message = await consumer.next({ expires: 2000 });
  if (message === null) return 'nothing';
  await message.ackAck();
  return message.string();
}

let nats = await start();
console.log(`nats-server ${nats.client.info.version}, @nats-io/jetstream ${version('@nats-io/jetstream')}; the duplicate window is 2 minutes`);
const seen = {};
for (const name of Object.values(RetentionPolicy)) {
  await nats.manager.streams.add({ name, subjects: [name], retention: name, storage: StorageType.File });
  await nats.manager.consumers.add(name, { durable_name: 'worker', ack_policy: AckPolicy.Explicit });
  await publish(nats, name, 'order 1');
  await publish(nats, name, 'order 2');
  seen[name] = { done: [await work(nats, name)], before: await publish(nats, name, 'order 1') };
}
await stop(nats);
nats = await start();
let isSo = true;
for (const name of Object.values(RetentionPolicy)) {
  const { done, before } = seen[name];
  const finished = await publish(nats, name, 'order 1');
  const waiting = await publish(nats, name, 'order 2');
  done.push(await work(nats, name), await work(nats, name));
  console.log(`  ${name}: order 1 is done; published again it is ${before ? 'a duplicate' : 'a new job'} before the restart, ${
    finished ? 'a duplicate' : 'a new job'} after it (order 2, which waits: ${waiting ? 'a duplicate' : 'a new job'}); the worker has done: ${done.join(', ')}`);
  const isForgotten = !finished && done.join() === 'order 1,order 2,order 1';
  const isKept = finished && done.join() === 'order 1,order 2,nothing';
  isSo &&= before && waiting && (name === RetentionPolicy.Limits ? isKept : isForgotten);
}
await stop(nats);
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
