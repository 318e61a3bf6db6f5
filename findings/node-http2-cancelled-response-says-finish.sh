#!/usr/bin/env bash
# Over HTTP/2, a response whose client cancels it half-way emits `finish`, as one that was sent whole does.
#
# One would guess: the request and response objects that `http2` makes for code written for HTTP/1 tell the two ends apart as
# those of `http` do, and as every Writable does. `finish` and `writableFinished` say that `end()` was called and all of it was
# handed over; when the client goes before, there is `close` alone. Loggers, session stores and interceptors count on it: on
# `finish` they do what is to be done once an answer has been delivered.
#
# What happens: over HTTP/1 it is so. Over HTTP/2, when the client resets its stream (a tab that is closed, a deadline, an
# aborted fetch) while the server has sent a part and not called `end()`, the response emits `finish` before `close`, and
# `writableFinished` is true, though `writableEnded` is false. The package `on-finished`, on which morgan and
# others rest, reports the end of both without an error. What tells a cancelled response over both protocols is
# `writableEnded` at the time of `close`, or `aborted` of the request.
#
# Versions: Node 20.20.2, 22.22.2, 24.15.0 and 26.10.0; on-finished 2.4.1. Runs on the node in PATH. Needs node and npm.
# Source: `onStreamCloseResponse` in lib/internal/http2/compat.js of Node.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.mjs" <<'JS'
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import onFinished from 'on-finished';

/** What a server sees of a response of which it has sent a part when its client leaves. */
async function leaveHalfWay(server, leave) {
  const seen = [];
  const over = new Promise((resolve) => {
    server.on('request', (request, response) => {
      request.on('aborted', () => seen.push('aborted'));
      for (const event of ['finish', 'close']) response.on(event, () => seen.push(event));
      onFinished(response, (error) => seen.push(error ? 'on-finished with an error' : 'on-finished'));
      response.on('close', () =>
        setImmediate(() => {
          const { writableEnded, writableFinished } = response;
          resolve({ seen, writableEnded, writableFinished });
        }),
      );
      response.write('the first part');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await leave(server.address().port);
  const result = await over;
  server.close();
  return result;
}

const one = await leaveHalfWay(http.createServer(), async (port) => {
  const request = http.get({ host: '127.0.0.1', port });
  request.on('error', () => undefined);
  const [response] = await once(request, 'response');
  response.on('error', () => undefined);
  await once(response, 'data');
  request.destroy();
});
const two = await leaveHalfWay(http2.createServer(), async (port) => {
  const client = http2.connect(`http://127.0.0.1:${port}`);
  const stream = client.request({ ':path': '/' });
  await once(stream, 'data');
  stream.close(http2.constants.NGHTTP2_CANCEL);
  await once(stream, 'close');
  client.close();
});
const told = ({ seen, ...flags }) => `${seen.join(', ')}; ${JSON.stringify(flags)}`;
console.log(`Node ${process.versions.node}`);
console.log(`HTTP/1: ${told(one)}`);
console.log(`HTTP/2: ${told(two)}`);
const differs = !one.seen.includes('finish') && two.seen.includes('finish');
const isSo = differs && !one.writableFinished && two.writableFinished && !two.writableEnded;
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent on-finished@2.4.1 || exit 2
node try.mjs
