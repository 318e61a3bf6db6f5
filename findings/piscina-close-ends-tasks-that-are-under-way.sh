#!/usr/bin/env bash
# `close()` of Piscina waits for the first task that is done, and then ends all others in the middle.
#
# One would guess: `pool.destroy()` ends the threads at once, and `pool.close()` is the one for a shutdown: it takes no new tasks and
# waits until those that are under way, and those in the queue, are done, for thirty seconds at most (`closeTimeout`), as its
# page says in these words. Whoever awaits it at SIGTERM may exit then, and a task has either been done or not been begun.
#
# What happens: since Piscina 5, the first task that ends counts once for each thread, so with two threads or more the pool thinks
# that all of them are idle. `close()` resolves after that one task, and the threads are terminated: the other tasks end between
# two statements, without their `finally`, and a lock, a transaction or a half-written file of theirs stays as it is. Their
# callers are told "Terminating worker thread"; whoever has handed a task over and looks at the result of `close()` alone hears of
# no error. In a pool that is idle, or with one thread, or with one task, as in a test, it waits as it should, and so does
# Piscina 4. What helps is to keep the promises of `run()` and to await them all (`Promise.allSettled`) before `close()`.
#
# Versions: piscina 5.3.2, the same seen with 5.0.0 and 6.0.0-rc.1; 4.9.4 for comparison. Runs on the node in PATH. Needs node 20 or
# later, and npm.
# Source: `onPoolFlushed` in `close` of src/index.ts of piscina: its listener, which is called for the tasks of all threads, is added
# once more for each thread, and counts calls in the place of threads. The page says of `close()` that it is fulfilled once all
# tasks that were started have completed.
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
npm install --silent --no-audit --no-fund piscina-5@npm:piscina@5.3.2 piscina-4@npm:piscina@4.9.4 >/dev/null || exit 2
cat > task.cjs <<'JS'
// A task that begins, is under way until it is told to end, and cleans up.
module.exports = async ({ memory, place }) => {
  const { begun, mayEnd, cleaned } = Object.fromEntries(
    ['begun', 'mayEnd', 'cleaned'].map((name, row) => [name, new Int32Array(memory, row * 64, 16)]));
  Atomics.store(begun, place, 1);
  try {
    while (Atomics.load(mayEnd, place) === 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
    return 'done';
  } finally {
    Atomics.store(cleaned, place, 1);
  }
};
JS
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as later } from 'node:timers/promises';

const require = createRequire(import.meta.url);
/** Closes a pool whose tasks are under way, lets the first of them end, and the others one after another from half a second later on. */
async function closed(Piscina, threads, tasks) {
  const pool = new Piscina({ filename: `${process.cwd()}/task.cjs`, minThreads: threads, maxThreads: threads });
  const memory = new SharedArrayBuffer(3 * 64);
  const [begun, mayEnd, cleaned] = [0, 1, 2].map((row) => new Int32Array(memory, row * 64, 16));
  const sum = (list) => list.reduce((total, one) => total + one, 0);
  const results = Array.from({ length: tasks }, (_, place) => pool.run({ memory, place }).then((value) => value, (error) => error.message));
  while (sum(begun) < Math.min(threads, tasks)) await later(5);
  let isClosed = false;
  const closing = pool.close().then(() => { isClosed = true; });
  await later(200);
  const before = isClosed;
  mayEnd[0] = 1;
  await results[0];
  await later(500);
  const early = isClosed;
  for (let place = 1; place < tasks; place += 1) {
    mayEnd[place] = 1;
    await results[place];
  }
  await closing;
  const ended = await Promise.all(results);
  const when = before ? 'at once' : early ? 'after the first task' : 'after the last task';
  console.log(`  ${threads} thread(s), ${tasks} task(s): close() resolves ${when}; tasks: ${ended.join(', ')}; begun ${sum(begun)}, cleaned up ${sum(cleaned)}`);
  return { when, done: ended.filter((end) => end === 'done').length, begun: sum(begun), cleaned: sum(cleaned) };
}
let isSo = true;
for (const [name, isGraceful] of [['piscina-4', true], ['piscina-5', false]]) {
  const { Piscina } = require(name);
  console.log(`piscina ${JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version}`);
  for (const [threads, tasks] of [[1, 2], [2, 1], [2, 2], ...(isGraceful ? [] : [[4, 4]])]) {
    const { when, done, begun, cleaned } = await closed(Piscina, threads, tasks);
    const isWhole = (tasks === 1 || when === 'after the last task') && done === tasks && cleaned === tasks;
    const isCut = when === 'after the first task' && done === 1 && begun === tasks && cleaned === 1;
    isSo &&= isGraceful || threads === 1 || tasks === 1 ? isWhole : isCut;
  }
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
