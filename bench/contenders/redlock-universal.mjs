import { createRedlock, IoredisAdapter } from 'redlock-universal';
import { connect, disconnect } from './clients.mjs';
import { TTL_MS, WAIT_MS } from './settings.mjs';

export async function open(urls, { retryMs }) {
  const clients = await connect(urls);
  const adapters = clients.map((client) => new IoredisAdapter(client));
  return {
    async acquire(key) {
      const lock = createRedlock({
        adapters,
        key,
        ttl: TTL_MS,
        retryAttempts: Math.ceil(WAIT_MS / retryMs),
        retryDelay: retryMs,
      });
      return { lock, handle: await lock.acquire() };
    },
    release: ({ lock, handle }) => lock.release(handle),
    close: () => disconnect(clients),
  };
}
