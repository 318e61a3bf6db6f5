#!/usr/bin/env bash
# After a reconnection, the ack of amqp-connection-manager acknowledges another message: an order that fails then is lost.
#
# One would guess: a message belongs to the channel that it came from. When the connection breaks, RabbitMQ gives the messages that
# are not acknowledged to other consumers, so a late `ack` of one of them does nothing, or is an error ("unknown delivery tag"), and
# the worst case is that the order is done twice. A package whose purpose is reconnections knows which channel a message is from.
# Its Readme says that `ack` does nothing if there is no channel.
#
# What happens: RabbitMQ knows a message by a number that begins at 1 on each channel, and `channelWrapper.ack(message)`, with which
# the example of the package acknowledges, sends this number over whatever channel there is now. A worker that is in the middle of
# order 1 when its connection breaks is given order 2 over the new one, as number 1 again. When it is done with order 1, it
# acknowledges number 1, so RabbitMQ deletes order 2, which is under way. If order 2 then fails and is given back, or if the worker
# ends, order 2 is gone: no other worker gets it, and it is in no queue and no dead letter queue. There is no error at the ack; the
# `nack` of order 2 later closes the channel with 406. Where the connection stays unbroken, as in a test, each number is right. What
# helps is the channel that `setup` is given: its `ack` throws once it is closed.
#
# Versions: amqp-connection-manager 5.0.0 with amqplib 2.3.1, and 4.1.14 with 0.10.9; RabbitMQ 3.10.8 of Debian 12, Node 20.20. Needs
# rabbitmq-server (the Debian package), node and npm. The first worker reaches RabbitMQ through a few lines of Node that break its
# connection.
# Source: `ack` and `nack` in src/ChannelWrapper.ts of jwalton/node-amqp-connection-manager (a comment on #297 asks about acks of the
# old channel, and #362 about those between two channels); the guide of RabbitMQ on acknowledgements tells of the numbers, and of 406
# for those of another channel.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
program=/usr/lib/rabbitmq/bin/rabbitmq-server
[ -x "$program" ] || program=$(command -v rabbitmq-server) || { echo "needs rabbitmq-server (apt-get install rabbitmq-server)"; exit 2; }
for tool in epmd node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    # The program is a script that starts others: all of them are in one group.
    kill -- "-$server" 2>/dev/null || true
    for _ in $(seq 60); do
      kill -0 -- "-$server" 2>/dev/null || break
      sleep 0.5
    done
    kill -9 -- "-$server" 2>/dev/null || true
    epmd -kill >/dev/null 2>&1 || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
cat > "$folder/ports.cjs" <<'JS'
const { createServer } = require('node:net');
const probes = [1, 2, 3].map(() => createServer().listen(0, '127.0.0.1'));
setTimeout(() => {
  console.log(probes.map((probe) => probe.address().port).join(' '));
  for (const probe of probes) probe.close();
}, 200);
JS
cat > "$folder/try.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { connect as dial, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import manager from 'amqp-connection-manager';
import amqp from 'amqplib';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const port = Number(process.env.RABBITMQ_NODE_PORT);
const url = `amqp://127.0.0.1:${port}`;
for (let left = 240; ; left -= 1) {
  const isUp = await amqp.connect(url, { timeout: 3000 }).then((connection) => connection.close().then(() => true), () => false);
  if (isUp) break;
  if (left === 0) throw new Error('the server does not start');
  await later(500);
}
// The way of the first worker to the server, which can be broken.
const links = new Set();
const way = createServer((client) => {
  const server = dial(port, '127.0.0.1');
  for (const socket of [client, server]) {
    links.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => { client.destroy(); server.destroy(); });
  }
  client.pipe(server).pipe(client);
}).listen(0, '127.0.0.1');
while (way.address() === null) await later(10);
const throughTheWay = `amqp://127.0.0.1:${way.address().port}`;

/** Workers, each with one order at a time: `run` is told of each order; what it throws gives the order back. */
const kinds = {
  'channelWrapper.ack': (from, queue, run) => managed(from, queue, run, (wrapper) => wrapper),
  'ack of the channel of setup': (from, queue, run) => managed(from, queue, run, (wrapper, channel) => channel),
};
async function managed(from, queue, run, chooses) {
  const connection = manager.connect([from], { reconnectTimeInSeconds: 0.2 });
  const wrapper = connection.createChannel({
    setup: async (channel) => {
      await channel.prefetch(1);
      await channel.consume(queue, async (message) => {
        const answers = chooses(wrapper, channel);
        const isDone = await run(String(message.content)).then(() => true, () => false);
        try {
          if (isDone) answers.ack(message);
          else answers.nack(message);
        } catch {
          // The channel is closed, and RabbitMQ has given the order to somebody else.
        }
      });
    },
  });
  wrapper.on('error', () => undefined);
  await wrapper.waitForConnect();
  return () => connection.close();
}

const admin = await (await amqp.connect(url)).createConfirmChannel();
/** Breaks the connection of the first worker in the middle of order 1, and says which orders were done in the end. */
async function breakInTheMiddle(kind) {
  const queue = `orders-${kind}-${version('amqp-connection-manager')}`;
  await admin.assertQueue(queue, { durable: true });
  const begun = { first: [], second: [] };
  const done = [];
  const ends = {};
  const until = async (isSo) => {
    for (let left = 200; !isSo(); left -= 1) {
      if (left === 0) throw new Error(`${kind}: the orders do not come as expected (${JSON.stringify(begun)})`);
      await later(50);
    }
  };
  const run = (name) => async (order) => {
    begun[name].push(order);
    // Who has them both under way ends them in the order that is written below; whatever comes later is done at once.
    if (`${name} ${order}` in ends) return done.push(order);
    await new Promise((resolve, reject) => { ends[`${name} ${order}`] = { resolve, reject }; });
    return done.push(order);
  };
  const publish = async (order) => {
    admin.sendToQueue(queue, Buffer.from(order), { persistent: true });
    await admin.waitForConfirms();
  };
  const stopFirst = await kinds[kind](throughTheWay, queue, run('first'));
  await publish('order 1');
  await until(() => begun.first.length === 1);
  const stopSecond = await kinds[kind](url, queue, run('second'));
  for (const socket of links) socket.destroy();
  await until(() => begun.second.includes('order 1'));
  await publish('order 2');
  await until(() => begun.first.includes('order 2'));
  // The first worker is done with order 1, and a moment later it fails at order 2; the second one is free by then.
  ends['first order 1'].resolve();
  await later(500);
  ends['second order 1'].resolve();
  await later(500);
  ends['first order 2'].reject(new Error('no answer of the bank'));
  const next = setInterval(() => {
    for (const end of Object.values(ends)) end.resolve();
  }, 100);
  await later(4000);
  clearInterval(next);
  const { messageCount } = await admin.checkQueue(queue);
  await Promise.all([stopFirst(), stopSecond()]);
  const isLost = !done.includes('order 2');
  console.log(`  ${kind}: order 2 fails at the first worker, and is ${isLost ? 'done by nobody' : 'done by somebody afterwards'}; in the queue: ${messageCount}`);
  return isLost && messageCount === 0;
}

console.log(`amqp-connection-manager ${version('amqp-connection-manager')}, amqplib ${version('amqplib')}`);
const lost = [];
for (const kind of Object.keys(kinds)) if (await breakInTheMiddle(kind)) lost.push(kind);
process.exit(lost.join() === 'channelWrapper.ack' ? 0 : 1);
JS
read -r port distribution names < <(node "$folder/ports.cjs")
for versions in 5.0.0:2.3.1 4.1.14:0.10.9; do
  mkdir "$folder/${versions%:*}"
  cd "$folder/${versions%:*}"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "amqp-connection-manager@${versions%:*}" "amqplib@${versions#*:}" >/dev/null || exit 2
done
export HOME="$folder" ERL_EPMD_PORT="$names" ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME="finding-$port@localhost" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$port"
export RABBITMQ_DIST_PORT="$distribution" RABBITMQ_MNESIA_BASE="$folder/mnesia" RABBITMQ_LOG_BASE="$folder/log"
export RABBITMQ_ENABLED_PLUGINS_FILE="$folder/plugins" RABBITMQ_PID_FILE="$folder/pid"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-setcookie finding-$port"
set -m
"$program" >"$folder/server.log" 2>&1 &
server=$!
set +m
for version in 5.0.0 4.1.14; do
  cd "$folder/$version"
  node try.mjs || { echo 'other than described'; exit 1; }
done
echo 'as described'
