#!/usr/bin/env bash
# In `fetch` of lru-cache, the signal of the first caller ends the work for all who share it, and the signals of the others are not
# looked at.
#
# One would guess: `cache.fetch(key, { signal })` is one load for a crowd, and the signal is that of the caller, as it is with the
# global `fetch`. Whoever leaves (a browser that goes, a deadline of 500 ms) is told so at once, and the load goes on for the
# others, until nobody is left who wants it. At the very least a caller is not told of the end of another one's patience.
#
# What happens: the signal of whoever has come first is tied to the load. If that one leaves, the load is ended, and each of the
# crowd is rejected with the reason of a stranger, also callers that have a longer limit or no signal at all: one impatient
# client makes a hundred requests fail. The signals of all later callers are dropped: a caller with a limit of 100 ms waits
# until the load is done, or until the limit of the first caller is over. A test with one caller shows that the signal works.
# With `ignoreFetchAbort: true` the load goes on and is stored, and the others get it; but the caller who leaves then waits for
# it too, as if his signal were not there. What helps is to give `fetch` no signal of a caller, and to let each caller race the
# load against his own signal (`Promise.race`).
#
# Versions: lru-cache 11.5.3, and 10.4.3. Runs on the node in PATH. Needs node 20.19 or later, and npm.
# Source: `#backgroundFetch` and `fetch` in src/index.ts of lru-cache: the signal is read where the load begins, and a fetch under
# way is handed to the others without a look at theirs. The option has no description (isaacs/node-lru-cache#273 asks for it, and
# #216 leaves open if it should end the load); its page says that calls of `fetch` for one key are coalesced.
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
npm install --silent --no-audit --no-fund lru-cache@11.5.3 lru-cache-10@npm:lru-cache@10.4.3 >/dev/null || exit 2
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';

let isSo = true;
/** Three callers of one load: which one leaves, by its place, and what each is told. */
async function told(LRUCache, leaves, options) {
  let finish = () => undefined;
  const cache = new LRUCache({
    max: 10,
    fetchMethod: (_key, _stale, { signal }) =>
      new Promise((resolve, reject) => {
        finish = resolve;
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    ...options,
  });
  const controller = new AbortController();
  let isDone = false;
  const before = [];
  const answers = [0, 1, 2].map(async (place) => {
    const answer = await cache.fetch('stock', place === leaves ? { signal: controller.signal } : {}).then((value) => value, (error) => error.message);
    if (!isDone) before[place] = true;
    return `caller ${place + 1}: ${answer}${before[place] ? '' : ' (when it was loaded)'}`;
  });
  await new Promise((resolve) => { setImmediate(resolve); });
  controller.abort(new Error(`caller ${leaves + 1} has left`));
  await new Promise((resolve) => { setImmediate(resolve); });
  isDone = true;
  finish('10 items');
  return (await Promise.all(answers)).join(', ');
}
for (const name of ['lru-cache', 'lru-cache-10']) {
  const { LRUCache } = await import(name);
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  console.log(`lru-cache ${version}`);
  const first = await told(LRUCache, 0, {});
  const second = await told(LRUCache, 1, {});
  const ignored = await told(LRUCache, 0, { ignoreFetchAbort: true });
  console.log(`  the first of three leaves: ${first}`);
  console.log(`  the second of three leaves: ${second}`);
  console.log(`  the first leaves, with ignoreFetchAbort: ${ignored}`);
  isSo &&= (first.match(/caller 1 has left/g) ?? []).length === 3 && (second.match(/10 items \(when it was loaded\)/g) ?? []).length === 3
    && (ignored.match(/caller 1 has left/g) ?? []).length === 3;
}
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
node try.mjs
