#!/usr/bin/env bash
# A thread that waits for a lock with `Atomics.waitAsync` and has nothing else to do ends while it waits, with the code 0: its work is
# never done.
#
# One would guess: `await Atomics.waitAsync(...).value` is what `Atomics.wait` is, for threads that may not block: a mutex in shared
# memory is made of it. Whoever awaits the lock gets it when another thread gives it back. Node keeps a thread alive as long as something
# is to come: a timer, a socket, a request for a lock of `navigator.locks`.
#
# What happens: the promise keeps nothing alive. If it is all that a worker waits for, the event loop is empty, and the worker
# ends in the middle of its function: `exit` with the code 0, no `error`, no `finally`, as if it had done its work. When the
# lock is given back, `Atomics.notify` wakes nobody (0), and another lock that the worker holds meanwhile stays taken for good.
# A limit of time in `waitAsync` does not help either. With a timer somewhere, or with a message port that has a listener (as in
# a pool), it works, so tests do not show it. It is so with Node, Bun and Deno. What helps is a timer that runs for as long as
# the thread waits.
#
# Versions: Node 24.22.3 and 20.20.2, bun 1.4.5 and deno 2.9.6 (all from npm). Needs node and npm, on Linux.
# Source: nodejs/node#61941 and #44729 (closed), denoland/deno#15358; the pages of Node on worker_threads and of the language on
# `Atomics.waitAsync` do not speak of it.
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
npm install --silent --no-audit --no-fund "node-24@npm:$platform@24.22.3" "node-20@npm:$platform@20.20.2" bun@1.4.5 deno@2.9.6 >/dev/null || exit 2
bun=$(echo node_modules/@oven/bun-linux-*/bin/bun)
[ -x "$bun" ] || bun=node_modules/.bin/bun
"$bun" --version >/dev/null || exit 2
export DENO_DIR="$folder/cache" DENO_NO_UPDATE_CHECK=1
cat > worker.mjs <<'JS'
// Waits until the lock is free, takes it, and does its work.
import { workerData } from 'node:worker_threads';

const { lock, work, way } = workerData;
async function main() {
  const timer = way === 'and a timer' ? setInterval(() => undefined, 1000) : undefined;
  while (Atomics.compareExchange(lock, 0, 0, 1) !== 0) {
    const limit = way === 'with a limit' ? 3000 : Infinity;
    await Atomics.waitAsync(lock, 0, 1, limit).value;
  }
  Atomics.add(work, 0, 1);
  Atomics.store(lock, 0, 0);
  clearInterval(timer);
}
main();
JS
cat > try.mjs <<'JS'
import process from 'node:process';
import { setTimeout as later } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const name = globalThis.Deno ? `Deno ${globalThis.Deno.version.deno}` : globalThis.Bun ? `Bun ${globalThis.Bun.version}` : `Node ${process.versions.node}`;
const results = [];
for (const way of ['alone', 'with a limit', 'and a timer']) {
  const lock = new Int32Array(new SharedArrayBuffer(4));
  const work = new Int32Array(new SharedArrayBuffer(4));
  // This thread has the lock, for a second and a half.
  lock[0] = 1;
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: { lock, work, way } });
  const told = [];
  worker.on('error', () => told.push('error'));
  worker.on('exit', (code) => told.push(`exit with ${code}`));
  await later(1500);
  const before = told.join(', ') || 'nothing';
  Atomics.store(lock, 0, 0);
  const woken = Atomics.notify(lock, 0, 1);
  await later(4000);
  results.push(`${before}/${woken}/${work[0]}`);
  console.log(`  ${name}, ${way}: while it waits one is told: ${before}; notify wakes ${woken}; the work is done ${work[0]} times`);
  await worker.terminate();
}
const isSo = results.join(' ') === 'exit with 0/0/0 exit with 0/0/0 nothing/1/1';
process.exit(isSo ? 0 : 1);
JS
echo 'a worker waits for a lock that another thread has:'
node_modules/node-24/bin/node try.mjs && node_modules/node-20/bin/node try.mjs && "$bun" try.mjs \
  && node_modules/.bin/deno run --allow-all --no-lock --node-modules-dir=manual try.mjs || { echo 'other than described'; exit 1; }
echo 'as described'
