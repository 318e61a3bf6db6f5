#!/usr/bin/env bash
# On Node 20, the time limit in `AbortSignal.any([signal, AbortSignal.timeout(ms)])` is gone after the next garbage collection.
#
# One would guess: this is the way to give a call both a way to be cancelled and a deadline, and it ends when the first of them
# comes. `AbortSignal.timeout(ms)` alone is kept alive while somebody listens to it, and so is what `any` returns.
#
# What happens: what `any` returns has weak references to its sources, and the timer has one to its signal. Nobody else has
# a strong one to `AbortSignal.timeout(ms)` where it is written inside of the brackets. So a collection takes it away with its
# timer: `aborted` stays false, `abort` is never emitted, and no error is raised. A `fetch`, a sleep of timers/promises, `once` of
# events and a loop that looks at the signal go on as if they had no deadline, though each of them holds the combined signal. It
# is not seen in tests, where nothing is collected within a short timeout; a server under load collects each second. A source that is
# kept where it outlives the call, one of an AbortController that `setTimeout` aborts, or `AbortSignal.timeout` alone, fires.
#
# Versions: Node 20.20.2; Node 24.15.0 for comparison, where it fires (as on 22.22.2 and 26.10.0). Needs node and npm, which get both.
# Source: `any` and `timeout` in lib/internal/abort_controller.js of Node 20 (nodejs/node#57736).
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
platform=$(node -p '`node-${process.platform}-${process.arch}`')
npm install --silent --no-audit --no-fund "node-20@npm:$platform@20.20.2" "node-24@npm:$platform@24.15.0" >/dev/null || exit 2
cat > try.cjs <<'JS'
const { EventEmitter, once } = require('node:events');
const { createServer } = require('node:http');
const { setImmediate: soon, setTimeout: later } = require('node:timers/promises');
const [LIMIT, END] = [2_000, 6_000];

(async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const caller = new AbortController();
  const both = () => AbortSignal.any([caller.signal, AbortSignal.timeout(LIMIT)]);
  const kept = [];
  const ended = {};
  const end = (name) => () => { ended[name] = true; };
  const uses = {
    'AbortSignal.timeout alone: fetch': (over) => { fetch(url, { signal: AbortSignal.timeout(LIMIT) }).catch(over); },
    'any, with a timeout that is kept: fetch': (over) => {
      const timeout = AbortSignal.timeout(LIMIT);
      kept.push(timeout);
      fetch(url, { signal: AbortSignal.any([caller.signal, timeout]) }).catch(over);
    },
    'any: fetch': (over) => { fetch(url, { signal: both() }).catch(over); },
    'any: sleep of timers/promises': (over) => { later(60_000, undefined, { signal: both(), ref: false }).catch(over); },
    'any: once of events': (over) => {
      const emitter = new EventEmitter();
      kept.push(emitter);
      once(emitter, 'done', { signal: both() }).catch(over);
    },
    'any: a listener, with the combined signal kept': (over) => {
      const signal = both();
      kept.push(signal);
      signal.addEventListener('abort', over);
    },
    'any: a loop that looks at the signal': async (over) => {
      const signal = both();
      while (!signal.aborted) await later(50, undefined, { ref: false });
      over();
    },
  };
  for (const [name, use] of Object.entries(uses)) use(end(name));
  // One collection, as any server has many of within two seconds.
  for (let i = 0; i < 3; i += 1) {
    await soon();
    globalThis.gc();
  }
  await later(END);
  console.log(`node ${process.versions.node}, ${LIMIT / 1000} s as the limit, looked at after ${END / 1000} s`);
  for (const name of Object.keys(uses)) console.log(`  ${name}: ${ended[name] ? 'ended' : 'goes on'}`);
  const isOld = process.versions.node.startsWith('20.');
  const isSo = Object.keys(uses).every((name, i) => Boolean(ended[name]) === (i < 2 || !isOld));
  console.log(isSo ? '  as described' : '  other than described');
  process.exit(isSo && kept.length > 0 ? 0 : 1);
})();
JS
for version in 20 24; do
  "node_modules/node-$version/bin/node" --expose-gc try.cjs
done
