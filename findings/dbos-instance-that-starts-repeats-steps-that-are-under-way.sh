#!/usr/bin/env bash
# When an instance of DBOS starts, steps that another instance is in the middle of run a second time, also those of a queue with
# `globalConcurrency: 1`.
#
# One would guess: DBOS takes up the workflows of an instance that has died. What belongs to a living one is left alone: a
# second instance that is started beside the first, to have two or to replace it, has no workflows of its own yet. At the very
# least a queue of which one workflow may run at a time, in the whole application, keeps to that.
#
# What happens: there is no sign of life in the database. Each workflow has the id of its executor, the id is "local" unless one
# gives another, and at its start an instance takes all unfinished workflows with its own id for those of a process that it
# replaces. So every start beside a running instance (two replicas, a rolling deployment of the same code) puts all that is
# under way back on its queue. Whoever is first then runs the step again from its beginning, be it the new instance or the very
# one that is in the middle of it, and the limit of the queue is broken. The order is charged twice; only the record of the
# result is kept from being written twice, and the workflow has one result in the end. With an `executorID` of its own for each
# instance it does not happen, and then nobody takes up the workflows of one that has died, unless it starts with the same id
# again.
#
# Versions: @dbos-inc/dbos-sdk 5.3.0 on PostgreSQL 18 (embedded-postgres), Node 20.20. Needs node and npm.
# Source: `launch` and `recoverPendingWorkflows` in src/dbos-executor.ts and `reenqueueWorkflowsForRecovery` in
# src/system_database.ts of dbos-inc/dbos-transact-ts. Its page on recovery says of several servers that one should give ids, so
# that all workflows are recovered, and its page on concurrent executions speaks of them as of a mistake of a monitor.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
chmod 777 "$folder"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @dbos-inc/dbos-sdk@5.3.0 embedded-postgres@18.1.0-beta.15 >/dev/null || exit 2
# npm may be told to run no scripts of packages; this one links its libraries.
for native in node_modules/@embedded-postgres/*/; do
  (cd "$native" && node scripts/hydrate-symlinks.js >/dev/null 2>&1 || true)
done
cat > instance.cjs <<'JS'
// One instance of the application. Its step is under way until the parent says that it may end.
const { DBOS } = require('@dbos-inc/dbos-sdk');

const [systemDatabaseUrl, executorID] = process.argv.slice(2);
let mayEnd;
const ended = new Promise((resolve) => { mayEnd = resolve; });
async function charge(order) {
  process.send({ begins: order });
  await ended;
}
const pay = DBOS.registerWorkflow((order) => DBOS.runStep(() => charge(order), { name: 'charge' }), { name: 'pay' });
process.on('message', async ({ order, end }) => {
  if (order) {
    const handle = await DBOS.startWorkflow(pay, { workflowID: order, queueName: 'payments' })(order);
    process.send({ result: await handle.getResult().then(() => 'done', ({ message }) => message) });
  }
  if (end) mayEnd();
});
async function main() {
  DBOS.setConfig({ name: 'shop', systemDatabaseUrl, logLevel: 'error', runAdminServer: false, ...(executorID && { executorID }) });
  await DBOS.launch();
  await DBOS.registerQueue('payments', { globalConcurrency: 1 });
  process.send({ launched: DBOS.executorID });
}
main();
JS
cat > try.mjs <<'JS'
import { fork } from 'node:child_process';
import { createServer } from 'node:net';
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const server = new EmbeddedPostgres({
  databaseDir: `${process.cwd()}/data`,
  user: 'postgres',
  password: 'x',
  port,
  persistent: false,
  initdbFlags: ['--locale=C', '--encoding=UTF8', '--lc-messages=C'],
  onLog: () => {},
  onError: () => {},
});
await server.initialise();
await server.start();

function instance(name, database, executorID) {
  const child = fork('instance.cjs', [`postgres://postgres:x@127.0.0.1:${port}/${database}`, executorID ?? ''], {
    execArgv: ['--no-deprecation'],
    silent: true,
  });
  const told = [];
  const waiters = new Set();
  child.on('message', (message) => {
    told.push(message);
    for (const look of waiters) look();
  });
  const until = (key, ms = 60_000) =>
    new Promise((resolve, reject) => {
      const look = () => { if (told.some((message) => key in message)) { waiters.delete(look); resolve(told); } };
      waiters.add(look);
      look();
      setTimeout(() => reject(new Error(`${name} has not told ${key}`)), ms).unref();
    });
  const begun = () => told.filter((message) => 'begins' in message).length;
  return { child, told, until, begun, name };
}

/** How often the step of one order is begun before its first run has ended, when a second instance starts meanwhile. */
async function starts(ids) {
  const database = `shop_${ids.length}`;
  const first = instance('the first', database, ids[0]);
  await first.until('launched');
  first.child.send({ order: 'order-1' });
  await first.until('begins');
  const second = instance('the second', database, ids[1]);
  await second.until('launched');
  // The queue is looked at each second.
  for (let turn = 0; turn < 80 && first.begun() + second.begun() < 2; turn++) await later(100);
  const begun = first.begun() + second.begun();
  const by = second.begun() ? second.name : first.begun() > 1 ? first.name : 'nobody';
  for (const { child } of [first, second]) child.send({ end: true });
  await first.until('result');
  const { result } = first.told.find((message) => 'result' in message);
  console.log(`  instances ${[first, second].map(({ told }) => told[0].launched).join(' and ')}: the step of order-1 is under way`
    + ` ${begun} time${begun === 1 ? '' : 's'} at once (begun again by ${by}); the caller is told ${result}`);
  for (const { child } of [first, second]) child.kill('SIGKILL');
  return begun;
}

const { version } = JSON.parse(readFileSync('node_modules/@dbos-inc/dbos-sdk/package.json', 'utf8'));
console.log(`@dbos-inc/dbos-sdk ${version}, a queue with globalConcurrency 1`);
const [byDefault, withIds] = [await starts([]), await starts(['one', 'two'])];
await server.stop();
const isSo = byDefault === 2 && withIds === 1;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$folder"; setpriv --reuid=65534 --regid=65534 --clear-groups node try.mjs; else node try.mjs; fi
