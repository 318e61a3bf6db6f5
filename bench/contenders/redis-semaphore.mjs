import { RedlockMutex } from 'redis-semaphore';
import { connect, disconnect } from './clients.mjs';
import { TTL_MS, WAIT_MS } from './settings.mjs';

export async function open(urls, { retryMs }) {
  const clients = await connect(urls);
  return {
    async acquire(key) {
      const mutex = new RedlockMutex(clients, key, {
        lockTimeout: TTL_MS,
        acquireTimeout: WAIT_MS,
        retryInterval: retryMs,
      });
      await mutex.acquire();
      return mutex;
    },
    release: (mutex) => mutex.release(),
    close: () => disconnect(clients),
  };
}
