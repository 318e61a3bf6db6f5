#!/usr/bin/env bash
# When a worker of a shared subscription ends, Mosquitto deletes all jobs that it had dealt to this worker, also those that it
# had not sent yet. If the session of the worker is kept instead, Mosquitto goes on dealing jobs to the worker that is away.
#
# One would guess: `$share/workers/jobs` with QoS 1 is a queue. Each job goes to one of the workers, and a job that is not
# acknowledged by a worker that ends goes to another one: "at least once", and MQTT 5 says that a server should do so. New jobs go to
# those workers that are there. With a receive maximum of 1 a worker has one job at a time, and the others are with the server.
#
# What happens: Mosquitto deals the jobs out when they are published, in turn, and puts each in the queue of one session. Where
# the session ends with its connection (the default of the package mqtt), its whole queue is deleted when the worker ends, in
# good order or not: the job under way and those behind it, though another worker is idle. No error is raised, and the publisher
# has been told that all is well. Where the session is kept, nothing is lost. But Mosquitto goes on to deal to the session of
# the worker that is away, and those jobs wait there until that very client comes back, while the others are idle. A pod that
# has got another name never does. So there is no setting in which a worker may end. What helps is a broker that looks who is
# there, or a record of the jobs elsewhere, by which one finds those that nobody has done.
#
# Versions: mosquitto 2.0.11 of Debian 12, mqtt 5.16.0, Node 20.20. Needs mosquitto (the Debian package), node and npm.
# Source: `subs__shared_process` in src/subs.c of eclipse-mosquitto/mosquitto, which does not look if a client is connected
# (eclipse-mosquitto/mosquitto#2662); chapter 4.8.2 of the MQTT standard, version 5.0. The manual of mosquitto does not speak of it.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
program=$(command -v mosquitto || echo /usr/sbin/mosquitto)
[ -x "$program" ] || { echo "needs mosquitto (apt-get install mosquitto)"; exit 2; }
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mqtt@5.16.0 >/dev/null || exit 2
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" > mosquitto.conf
"$program" -c mosquitto.conf >server.log 2>&1 &
server=$!
cat > try.cjs <<'JS'
const { setTimeout: later } = require('node:timers/promises');
const mqtt = require('mqtt');

const url = `mqtt://127.0.0.1:${process.argv[2]}`;
const settled = () => later(1500);

/** A worker on a connection of its own, with one job at a time. One that is `slow` does not come to the end of its first job. */
async function worker(clientId, topic, keepsSession, isSlow) {
  const client = mqtt.connect(url, {
    clientId,
    protocolVersion: 5,
    clean: !keepsSession,
    reconnectPeriod: 0,
    properties: { receiveMaximum: 1, sessionExpiryInterval: keepsSession ? 3600 : 0 },
  });
  const jobs = [];
  // The package acknowledges when this calls back.
  client.handleMessage = ({ payload }, acknowledge) => {
    jobs.push(String(payload));
    if (!isSlow) acknowledge();
  };
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('connect', resolve));
  await client.subscribeAsync(`$share/workers/${topic}`, { qos: 1 });
  return { client, jobs };
}

/** Jobs 1 to 4 with two workers, of which one ends; then jobs 5 to 8. Tells what the other one has done in the end. */
async function end(keepsSession, ends) {
  const topic = `jobs-${keepsSession}-${ends}`;
  const first = await worker(`first-${topic}`, topic, keepsSession, true);
  const other = await worker(`other-${topic}`, topic, keepsSession, false);
  const publisher = await mqtt.connectAsync(url, { protocolVersion: 5 });
  const publish = async (...jobs) => {
    for (const job of jobs) await publisher.publishAsync(topic, String(job), { qos: 1 });
  };
  await publish(1, 2, 3, 4);
  await settled();
  const before = `${first.jobs} and ${other.jobs}`;
  if (ends === 'disconnects') await first.client.endAsync();
  else first.client.stream.destroy();
  await settled();
  await publish(5, 6, 7, 8);
  await settled();
  const left = [1, 2, 3, 4, 5, 6, 7, 8].filter((job) => !other.jobs.includes(String(job)));
  console.log(`  sessions that ${keepsSession ? 'stay' : 'end with their connection'}: the workers are given ${before}; the first one ${ends};`
    + ` jobs 5 to 8 come: the other one has done ${other.jobs}; nobody does ${left}`);
  let late = '';
  if (keepsSession) {
    const again = await worker(`first-${topic}`, topic, true, false);
    await settled();
    late = again.jobs.join();
    console.log(`    when the first one comes back it is given ${late}`);
    await again.client.endAsync();
  }
  await other.client.endAsync();
  await publisher.endAsync();
  return `${before}: ${left.join()}${late && `, later ${late}`}`;
}

async function main() {
  for (let left = 50; ; left -= 1) {
    const isUp = await mqtt.connectAsync(url, { reconnectPeriod: 0 }).then((client) => client.endAsync().then(() => true), () => false);
    if (isUp) break;
    if (left === 0) throw new Error('the server does not start');
    await later(100);
  }
  const results = [];
  for (const keepsSession of [false, true]) {
    for (const ends of ['disconnects', 'breaks off']) results.push(await end(keepsSession, ends));
  }
  const isSo = results.join('; ') === ['1 and 2,4: 1,3', '1 and 2,4: 1,3', '1 and 2,4: 1,3,5,7, later 1,3,5,7', '1 and 2,4: 1,3,5,7, later 1,3,5,7'].join('; ');
  console.log(isSo ? 'as described' : 'other than described');
  process.exit(isSo ? 0 : 1);
}
main();
JS
"$program" -h | head -1 || true
node try.cjs "$port"
