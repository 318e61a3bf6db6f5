import { createServer } from 'node:net';

/**
 * A port that was free a moment ago. Somebody else may take it before it is used, so whoever uses it tries again
 * with another one when that happened.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = await askForPort();
    // A server of a Redis Cluster takes the port 10,000 above too.
    if (port < 55_000) return port;
  }
}

function askForPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was given'));
        else resolve(address.port);
      });
    });
  });
}
