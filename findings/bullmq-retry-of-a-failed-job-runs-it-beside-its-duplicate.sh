#!/usr/bin/env bash
# A failed job of BullMQ that is retried is not deduplicated any more: a second job with its deduplication id is added, and both run
# at the same time.
#
# One would guess: with `deduplication: { id: 'payout of customer 1' }` there is one job of that id at a time. The guide says that
# others are ignored as long as the job is neither completed nor failed. A job that has failed and is retried, by hand on a board or
# with `queue.retryJobs()` after an outage, is neither of the two once more, so it is as it was: who asks for the same payout
# meanwhile is given the job that there is.
#
# What happens: the id is given back when the job fails for the last time, and `retry()` puts the job on the queue again without it.
# So the next `add` with that id is a new job with the id for itself, beside the one that waits or runs, and two workers pay the
# same customer at once. Neither of them is told, there is no event `deduplicated`, and `getDeduplicationJobId` names the second
# one. While attempts are left (`attempts: 3` with a delay), the id stays, so a test of attempts shows that it works; and after an
# outage, when all that has failed is retried at once and users press the button again, it happens to many. What helps is to add a
# new job with the id in the place of `retry()`, or a lock with that id in the processor.
#
# Versions: bullmq 6.7.0 with ioredis 6.0.0, and 5.58.0 with 5.8.2; redis-server 7.0.15 (any in PATH), Node 20.20. Needs redis-server,
# node and npm.
# Source: removeDeduplicationKeyIfNeededOnFinalization in the Lua of bullmq gives the id back, and reprocessJob and moveJobsToWait,
# which retry, do not take it again. The guide on deduplication speaks of the state of the job as above, and of a job that is
# removed by hand, not of one that is retried.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm redis-server; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.mjs" <<'JS'
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
process.on('exit', () => server.kill());
const answers = () =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
while (!(await answers())) await later(50);
const connection = { host: '127.0.0.1', port };

/** How many payouts of one customer run at the same time if it is asked for again after this has been done to the first job. */
async function payTwice(again, failures, options) {
  const queue = new Queue(`payouts ${again}`, { connection });
  let left = failures;
  let underWay = 0;
  let atOnce = 0;
  const pay = async () => {
    if (left > 0) {
      left -= 1;
      throw new Error('the bank does not answer');
    }
    underWay += 1;
    atOnce = Math.max(atOnce, underWay);
    await later(2000);
    underWay -= 1;
  };
  const workers = [1, 2].map(() => new Worker(queue.name, pay, { connection }));
  for (const worker of workers) worker.on('error', () => undefined);
  const add = () => queue.add('payout', {}, { ...options, deduplication: { id: 'customer 1' } });
  const first = await add();
  if (again === 'retry()' || again === 'retryJobs()') {
    while (!(await first.isFailed())) await later(50);
    if (again === 'retry()') await first.retry('failed');
    else await queue.retryJobs({ state: 'failed' });
  }
  while (underWay === 0) await later(50);
  const state = await first.getState();
  const second = await add();
  await later(1000);
  const owner = await queue.getDeduplicationJobId('customer 1');
  while (underWay > 0) await later(50);
  await Promise.all(workers.map((worker) => worker.close()));
  await queue.close();
  const isTheSame = second.id === first.id;
  console.log(`  ${again}: the first job is ${state}; a second one with its id is ${isTheSame ? 'ignored' : 'added'}; the id belongs to the ${
    owner === first.id ? 'first' : 'second'}; payouts at the same time: ${atOnce}`);
  return `${state}, ${isTheSame}, ${atOnce}`;
}

console.log(`bullmq ${version('bullmq')}, ioredis ${version('ioredis')}`);
const ignored = 'active, true, 1';
const added = 'active, false, 2';
const seen = [
  await payTwice('nothing', 0, {}),
  await payTwice('an attempt that fails', 1, { attempts: 2, backoff: 500 }),
  await payTwice('retry()', 1, {}),
  await payTwice('retryJobs()', 1, {}),
];
process.exit(seen.join('; ') === [ignored, ignored, added, added].join('; ') ? 0 : 1);
JS
for versions in 6.7.0:6.0.0 5.58.0:5.8.2; do
  mkdir "$folder/${versions%:*}"
  cd "$folder/${versions%:*}"
  cp ../try.mjs .
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "bullmq@${versions%:*}" "ioredis@${versions#*:}" >/dev/null || exit 2
  node try.mjs || { echo 'other than described'; exit 1; }
done
echo 'as described'
