import { createServer } from 'node:net';

/** Finds a port that nobody listens on at this moment. */
export function freePort() {
  return tryPort(0);
}

/** Returns `first`, or the next free port above it. 0: any free port. */
export async function nextFreePort(first) {
  if (first === 0) return freePort();
  for (let port = first; port < first + 100; port += 1) {
    if ((await tryPort(port)) !== undefined) return port;
  }
  throw new Error(
    `No free port from ${first} to ${first + 99}. Set PORT to another number, or to 0 for any.`,
  );
}

function tryPort(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const { port: taken } = server.address();
      server.close(() => resolve(taken));
    });
  });
}
