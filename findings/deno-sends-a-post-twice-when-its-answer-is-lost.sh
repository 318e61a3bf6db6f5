#!/usr/bin/env bash
# On Deno, `fetch` sends a POST a second time when its connection breaks before the answer, if the connection had been used before.
#
# One would guess: when a connection breaks between a POST and its answer, nobody can say what the server has done, so `fetch` rejects
# and the caller decides. RFC 9110 lets a client send again by itself what can be repeated (GET, PUT, DELETE), and not a POST, unless
# it knows that the first one was not carried out. Node sends each method once, and Bun does as the RFC says.
#
# What happens: where the connection is one that was kept alive, Deno opens another one and sends the request again, whatever its
# method is, as long as its body is not a stream, and tells of the second time alone: "200". The first one may have been carried out
# from its beginning to its end: here the server works on it for a second and is ended then, as it is at a deployment. So an order is
# charged twice, a job is added twice, and an alert comes twice, with no error and nothing in the log of the client. On a new
# connection it is sent once, so a test with one request sees nothing. `http.request` of node:http with `keepAlive`, on which axios
# rests, does it too. What helps is a key in the request by which the server knows it again (Idempotency-Key), or for fetch
# `Deno.createHttpClient({ poolMaxIdlePerHost: 0 })`, which reuses no connection.
#
# Versions: deno 2.9.6 (from npm), bun 1.4.5 (from npm) and Node 20.20 for comparison. Needs node and npm. The server is a few lines of
# Node that break off the connection instead of an answer the first time.
# Source: `is_error_retryable` in ext/fetch/lib.rs of denoland/deno (since denoland/deno#32566, for servers that have closed a connection
# that was idle; denoland/deno#35610 and #36786); RFC 9110, 9.2.2. The documentation does not speak of it.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund deno@2.9.6 bun@1.4.5 >/dev/null || exit 2
export DENO_DIR="$folder/cache" DENO_NO_UPDATE_CHECK=1
deno=(node_modules/.bin/deno run --allow-all --no-lock --node-modules-dir=manual)
"${deno[@]}" - <<<'' >/dev/null || exit 2
bun=$(echo node_modules/@oven/bun-linux-*/bin/bun)
[ -x "$bun" ] || bun=node_modules/.bin/bun
"$bun" --version >/dev/null || exit 2
cat > server.cjs <<'JS'
// Answers GET /hello. Of each other path it counts the requests, works for a second, and breaks the connection the first time.
const http = require('node:http');
const counts = new Map();
const server = http.createServer(async (request, response) => {
  for await (const part of request) void part;
  const [path, query] = request.url.split('?');
  if (path === '/hello') response.end('hello');
  else if (path === '/count') response.end(String(counts.get(query) ?? 0));
  else {
    counts.set(path, (counts.get(path) ?? 0) + 1);
    const isFirst = counts.get(path) === 1;
    setTimeout(() => (isFirst ? request.socket.destroy() : response.end('done')), 1000);
  }
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS
node server.cjs > port &
server=$!
until [ -s port ]; do sleep 0.1; done
cat > try.mjs <<'JS'
import http from 'node:http';
import process from 'node:process';

const url = `http://127.0.0.1:${process.argv[2]}`;
const name = globalThis.Deno ? 'Deno' : globalThis.Bun ? 'Bun' : 'Node';
const version = { Deno: globalThis.Deno?.version.deno, Bun: globalThis.Bun?.version, Node: process.versions.node }[name];
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const overHttp = (path, options = {}) => new Promise((resolve, reject) => {
  const request = http.request(url + path, { agent, method: options.method }, (response) => {
    response.resume();
    response.on('end', () => resolve(response.statusCode));
    response.on('error', reject);
  });
  request.on('error', reject);
  request.end(options.body);
});
const overFetch = async (path, options) => {
  const response = await fetch(url + path, options);
  await response.text();
  return response.status;
};
const stream = () => new ReadableStream({ start: (controller) => { controller.enqueue(new Uint8Array([1])); controller.close(); } });
const client = globalThis.Deno?.createHttpClient({ poolMaxIdlePerHost: 0 });
const tries = {
  'fetch, POST, a new connection': () => ['/new', { method: 'POST', body: 'order' }, overFetch],
  'fetch, POST': () => ['/post', { method: 'POST', body: 'order' }, overFetch],
  'fetch, PATCH': () => ['/patch', { method: 'PATCH', body: 'order' }, overFetch],
  'fetch, PUT': () => ['/put', { method: 'PUT', body: 'order' }, overFetch],
  'fetch, POST of a stream': () => ['/stream', { method: 'POST', body: stream(), duplex: 'half' }, overFetch],
  ...(client && { 'fetch, POST, with poolMaxIdlePerHost: 0': () => ['/client', { method: 'POST', body: 'order', client }, overFetch] }),
  'node:http, POST': () => ['/http', { method: 'POST', body: 'order' }, overHttp],
};
console.log(`${name} ${version}`);
const counts = {};
for (const [text, make] of Object.entries(tries)) {
  const [path, options, send] = make();
  if (!text.includes('new')) await send('/hello', { client: options.client });
  const told = await send(`/${name}${path}`, options).catch(() => 'an error');
  counts[path] = Number(await (await fetch(`${url}/count?/${name}${path}`)).text());
  console.log(`  ${text}: the caller is told ${told}; the server has had it ${counts[path]} times`);
}
const expected = {
  Deno: { '/new': 1, '/post': 2, '/patch': 2, '/put': 2, '/stream': 1, '/client': 1, '/http': 2 },
  Bun: { '/new': 1, '/post': 1, '/patch': 1, '/put': 2, '/stream': 1, '/http': 1 },
  Node: { '/new': 1, '/post': 1, '/patch': 1, '/put': 1, '/stream': 1, '/http': 1 },
}[name];
process.exit(JSON.stringify(counts) === JSON.stringify(expected) ? 0 : 1);
JS
port=$(cat port)
"${deno[@]}" try.mjs "$port" && "$bun" try.mjs "$port" && node try.mjs "$port" || { echo 'other than described'; exit 1; }
echo 'as described'
