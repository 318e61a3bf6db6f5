import { Redis } from 'ioredis';

/** One connection per node, with ioredis as it comes: what the documentation of every peer shows. */
export async function connect(urls) {
  const clients = urls.map((url) => new Redis(url));
  // Without a listener ioredis prints every reset connection of a part that stops a node.
  for (const client of clients) client.on('error', () => {});
  await Promise.all(clients.map((client) => client.ping()));
  return clients;
}

/** At once: nothing of a finished measurement is waited for. */
export function disconnect(clients) {
  for (const client of clients) client.disconnect();
}
