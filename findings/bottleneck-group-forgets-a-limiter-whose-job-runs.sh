#!/usr/bin/env bash
# A Group of Bottleneck deletes the limiter of a key when its last job began five minutes ago, although that job still runs and others
# wait in it: the next job of the key runs beside it.
#
# One would guess: `new Bottleneck.Group({ maxConcurrent: 1 })` is one queue for each customer: `group.key('customer 7')` is the same
# limiter for as long as anything runs or waits in it. Its page says that limiters that have been idle for more than five minutes
# are deleted (`timeout`), so that memory does not fill with customers who never come again; one that works is not idle.
#
# What happens: nobody looks at what runs or waits. A limiter is old when five minutes have gone by since the time at which it last began
# a job. So a job that takes six minutes loses its limiter while it runs; the next caller is given a new one, with nobody in it,
# and starts at once: two imports of one customer run beside each other. Those who were waiting in the old one go on to run
# there, one after the other, beside those in the new one, and `group.keys()` and `group.limiters()` show none of them. It happens
# when what the jobs call is slow, and a test whose jobs are short shows nothing. What helps is a `timeout` that is longer than
# any job takes, or a limiter of one's own for each key in a Map.
#
# Versions: bottleneck 2.19.5. Runs on the node in PATH. Needs node and npm. The `timeout` is 1 second here in the place of five minutes;
# the times of the jobs are in proportion.
# Source: `_startAutoCleanup` in src/Group.coffee and `__groupCheck__` in src/LocalDatastore.coffee of bottleneck, which compares
# `_nextRequest`, the time from which the next job may begin, with the clock.
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
npm install --silent --no-audit --no-fund bottleneck@2.19.5 >/dev/null || exit 2
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import Bottleneck from 'bottleneck';

const { version } = JSON.parse(readFileSync('node_modules/bottleneck/package.json', 'utf8'));
const TIMEOUT_MS = 1000;
/** A customer whose first import takes some time, whose second waits behind it, and whose third comes after a while. */
async function imports({ takesMs, thirdAtMs, limiterOf, keys }) {
  let running = 0;
  let most = 0;
  const begun = [];
  const run = (name, ms) => limiterOf().schedule(async () => {
    begun.push(`${name}${running ? ` (${running} running)` : ''}`);
    running += 1;
    most = Math.max(most, running);
    await later(ms);
    running -= 1;
  });
  const first = run('first', takesMs);
  const second = run('second', takesMs);
  await later(thirdAtMs);
  const known = keys();
  const third = run('third', takesMs);
  await Promise.all([first, second, third]);
  return { begun: begun.join(', '), most, known };
}
const ways = {
  'a Group': () => {
    const group = new Bottleneck.Group({ maxConcurrent: 1, timeout: TIMEOUT_MS });
    return { limiterOf: () => group.key('customer 7'), keys: () => group.keys().length };
  },
  'limiters in a Map': () => {
    const limiters = new Map();
    const limiterOf = () => {
      if (!limiters.has('customer 7')) limiters.set('customer 7', new Bottleneck({ maxConcurrent: 1 }));
      return limiters.get('customer 7');
    };
    return { limiterOf, keys: () => limiters.size };
  },
};
console.log(`bottleneck ${version}: maxConcurrent 1 for each customer, timeout ${TIMEOUT_MS} ms`);
let isSo = true;
for (const [text, way] of Object.entries(ways)) {
  for (const [takesMs, thirdAtMs] of [[300, 100], [4000, 2500]]) {
    const { begun, most, known } = await imports({ takesMs, thirdAtMs, ...way() });
    console.log(`  ${text}, imports of ${takesMs} ms, the third comes after ${thirdAtMs} ms: keys then: ${known}; begun: ${begun}; at most ${most} at once`);
    isSo &&= text === 'a Group' && takesMs > TIMEOUT_MS
      ? known === 0 && most === 2 && begun.startsWith('first, third (1 running)')
      : known === 1 && most === 1 && begun === 'first, second, third';
  }
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
