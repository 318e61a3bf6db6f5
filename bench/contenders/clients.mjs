import { Redis } from 'ioredis';

/** Opens one connection per node, with the defaults of ioredis, as the documentation of every peer shows. */
export async function connect(urls) {
  const clients = urls.map((url) => new Redis(url));
  // Without a listener, ioredis prints every reset connection in a part that stops a node.
  for (const client of clients) client.on('error', () => {});
  await Promise.all(clients.map((client) => client.ping()));
  return clients;
}

/** Disconnects at once, without waiting for the rest of a finished measurement. */
export function disconnect(clients) {
  for (const client of clients) client.disconnect();
}
