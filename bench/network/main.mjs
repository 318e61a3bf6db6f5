// A process of TCP proxies that deliver every byte late, as a network of some distance does. lib/distance.mjs starts it.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const sockets = new Set();

process.on('disconnect', () => process.exit());
process.once('message', async (places) => {
  process.send(await Promise.all(places.map(open)));
});

/** Opens a proxy for one server. Returns the port at which it listens. */
async function open({ port, thereMs, backMs }) {
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ port, noDelay: true });
    deliver(client, target, thereMs);
    deliver(target, client, backMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

function deliver(from, to, delayMs) {
  sockets.add(from);
  // Timers of the same duration end in the order in which they were set, so no byte overtakes another one.
  const later = (act) => {
    if (delayMs === 0) act();
    else setTimeout(() => act(), delayMs);
  };
  from.on('data', (bytes) => later(() => to.writable && to.write(bytes)));
  from.on('error', () => {
    // The end follows.
  });
  from.on('close', () => {
    sockets.delete(from);
    later(() => to.destroy());
  });
}
