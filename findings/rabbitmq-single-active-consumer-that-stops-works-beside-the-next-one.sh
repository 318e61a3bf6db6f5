#!/usr/bin/env bash
# On a quorum queue of RabbitMQ, a single active consumer that stops in good order works on its last message beside the next one.
#
# One would guess: `x-single-active-consumer` keeps the work of a queue with one consumer at a time, in order. At a deployment the
# old instance stops as it should: it cancels its consumer, finishes and acknowledges the message it has (prefetch 1), and closes
# its channel. The broker knows that this message is not acknowledged, so the next consumer begins when it is. Where a channel
# is closed at once instead, the order is kept: the message itself goes to the next consumer first.
#
# What happens: the cancellation alone makes the next consumer active, and it is given message 2 while message 1 is
# unacknowledged and under way. So two instances work at the same time at each deployment that is done in good order, and only
# then. If the old one then gives message 1 back, the next consumer gets it after message 2. What helps is to cancel nothing: to
# close the channel when the last message is acknowledged (with prefetch 1 there is one more by then, which goes to the next
# consumer), or a lock.
#
# Versions: RabbitMQ 3.10.8 of Debian 12, amqplib 2.3.1, Node 20.20. Needs rabbitmq-server (the Debian package), node and npm.
# Source: `cancel_consumer` and `activate_next_consumer` in deps/rabbit/src/rabbit_fifo.erl of rabbitmq-server. The page on
# consumers tells of the two halves (who is picked; that a cancellation leaves deliveries as they are), not of both together.
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
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund amqplib@2.3.1 >/dev/null || exit 2
cat > ports.cjs <<'JS'
const { createServer } = require('node:net');
const probes = [1, 2, 3].map(() => createServer().listen(0, '127.0.0.1'));
setTimeout(() => {
  console.log(probes.map((probe) => probe.address().port).join(' '));
  for (const probe of probes) probe.close();
}, 200);
JS
cat > try.mjs <<'JS'
import { setTimeout as later } from 'node:timers/promises';
import amqp from 'amqplib';

const url = `amqp://127.0.0.1:${process.env.RABBITMQ_NODE_PORT}`;
async function opened() {
  for (let left = 240; ; left -= 1) {
    try {
      return await amqp.connect(url);
    } catch (error) {
      if (left === 0) throw error;
      await later(500);
    }
  }
}

/** A consumer with prefetch 1 on a connection of its own: what it was given, and how to wait for the next. */
async function consumer(queue) {
  const connection = await opened();
  const channel = await connection.createChannel();
  await channel.prefetch(1);
  const messages = [];
  let tell = () => undefined;
  const given = async (count) => {
    while (messages.length < count) await new Promise((resolve) => { tell = resolve; });
    return messages[count - 1];
  };
  const { consumerTag } = await channel.consume(queue, (message) => { messages.push(message); tell(); });
  return { channel, connection, given, messages, cancel: () => channel.cancel(consumerTag) };
}

/** The old consumer has message 1 and stops; tells what the next one is given, and in which order. */
async function handOver(stops) {
  const connection = await opened();
  const channel = await connection.createConfirmChannel();
  const queue = `orders-${stops}`;
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true },
  });
  const old = await consumer(queue);
  const next = await consumer(queue);
  for (const text of ['1', '2']) channel.sendToQueue(queue, Buffer.from(text));
  await channel.waitForConfirms();
  const one = await old.given(1);
  const wasIdle = next.messages.length === 0;
  if (stops === 'cancels') await old.cancel();
  else await old.channel.close();
  const first = await next.given(1);
  // It is still to be acknowledged: the broker takes it back from the old consumer, and gives it to the next one.
  if (stops === 'cancels') old.channel.nack(one);
  next.channel.ack(first);
  const second = await next.given(2);
  next.channel.ack(second);
  const given = [first, second].map(({ content }) => String(content));
  console.log(`the old consumer has message ${one.content} and ${stops}: the next one is given message ${given[0]}`);
  if (stops === 'cancels') console.log(`  the old one gives message ${one.content} back: the next one is given message ${given[1]}`);
  for (const each of [old.connection, next.connection, connection]) await each.close();
  return { wasIdle, given: given.join() };
}

const connection = await opened();
console.log(`RabbitMQ ${connection.connection.serverProperties.version}`);
await connection.close();
const cancelled = await handOver('cancels');
const closed = await handOver('closes its channel');
const isSo = cancelled.wasIdle && cancelled.given === '2,1' && closed.wasIdle && closed.given === '1,2';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
read -r port distribution names < <(node ports.cjs)
export HOME="$folder" ERL_EPMD_PORT="$names" ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME="finding-$port@localhost" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$port"
export RABBITMQ_DIST_PORT="$distribution" RABBITMQ_MNESIA_BASE="$folder/mnesia" RABBITMQ_LOG_BASE="$folder/log"
export RABBITMQ_ENABLED_PLUGINS_FILE="$folder/plugins" RABBITMQ_PID_FILE="$folder/pid"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-setcookie finding-$port"
set -m
"$program" >"$folder/server.log" 2>&1 &
server=$!
set +m
node try.mjs
