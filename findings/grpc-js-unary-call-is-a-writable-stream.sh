#!/usr/bin/env bash
# The server of @grpc/grpc-js gives the handler of a unary call an object of the class for streams.
#
# One would guess: a unary handler gets a ServerUnaryCall, as its type (`handleUnaryCall`) says and as releases before 1.10 did:
# an event emitter with `request` and `metadata`, and nothing to write to. The package still has and exports the class for it.
# So middleware (interceptors of a framework, tracing, timeouts) looks at `typeof call.write`, or at `instanceof Writable`, to
# know whether a call is answered once or with a stream.
#
# What happens: the call of a unary handler is a `ServerWritableStreamImpl`, a Writable with `write` and `end`; the call
# of a handler that answers a stream of requests once is a `ServerDuplexStreamImpl`. They have the very classes of calls
# that are answered with streams, so whoever tells them apart by what they can do takes every call for a stream, and for
# instance cuts off the work of a unary call that may not be cut off. No public member tells the kind.
#
# Versions: @grpc/grpc-js 1.9.15 (as one would guess) and 1.14.7. Needs node and npm.
# Source: `handleUnary` and `handleClientStreaming` in src/server.ts of @grpc/grpc-js, since 1.10.0.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund before@npm:@grpc/grpc-js@1.9.15 now@npm:@grpc/grpc-js@1.14.7 >/dev/null
cat > try.cjs <<'JS'
const { Writable } = require('node:stream');
const same = (value) => value;
const method = (path, requestStream, responseStream) => ({
  ...{ path, requestStream, responseStream },
  ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
});
const service = {
  unary: method('/test.Test/Unary', false, false),
  clientStream: method('/test.Test/ClientStream', true, false),
  serverStream: method('/test.Test/ServerStream', false, true),
};

async function kinds(name) {
  const grpc = require(name);
  const { version } = JSON.parse(require('node:fs').readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  const seen = {};
  const note = (kind, call) => {
    seen[kind] = { class: call.constructor.name, isWritable: call instanceof Writable };
  };
  const server = new grpc.Server();
  server.addService(service, {
    unary: (call, done) => { note('unary', call); done(null, Buffer.from('a')); },
    clientStream: (call, done) => {
      note('clientStream', call);
      call.on('data', () => undefined).on('end', () => done(null, Buffer.from('a')));
    },
    serverStream: (call) => { note('serverStream', call); call.write(Buffer.from('a')); call.end(); },
  });
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound));
  });
  // Needed by old releases; new ones warn that it is not.
  if (version.startsWith('1.9.')) server.start();
  const Client = grpc.makeGenericClientConstructor(service, 'Test');
  const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const answer = (ask) => new Promise((resolve, reject) => ask((error) => (error ? reject(error) : resolve())));
  await answer((done) => client.unary(Buffer.from('a'), done));
  await answer((done) => client.clientStream(done).end(Buffer.from('a')));
  await answer((done) => client.serverStream(Buffer.from('a')).on('error', done).on('data', () => undefined).on('end', done));
  client.close();
  server.forceShutdown();
  console.log(`@grpc/grpc-js ${version}`);
  for (const [kind, { class: type, isWritable }] of Object.entries(seen)) {
    console.log(`  the call of a ${kind} handler is a ${type}${isWritable ? ', which is a Writable' : ''}`);
  }
  return seen;
}

(async () => {
  const before = await kinds('before');
  const now = await kinds('now');
  const isSo = !before.unary.isWritable && !before.clientStream.isWritable && now.unary.isWritable &&
    now.clientStream.isWritable && now.unary.class === now.serverStream.class;
  process.exit(isSo ? 0 : 1);
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
JS
node try.cjs
