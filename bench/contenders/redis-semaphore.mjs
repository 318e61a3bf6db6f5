import { RedlockMutex } from 'redis-semaphore';
import { connect, disconnect } from './clients.mjs';
import { TTL_MS, WAIT_MS } from './settings.mjs';

const RETRY_INTERVAL_MS = 5;

export async function open(urls) {
  const clients = await connect(urls);
  return {
    async acquire(key) {
      const mutex = new RedlockMutex(clients, key, {
        lockTimeout: TTL_MS,
        acquireTimeout: WAIT_MS,
        retryInterval: RETRY_INTERVAL_MS,
      });
      await mutex.acquire();
      return mutex;
    },
    release: (mutex) => mutex.release(),
    close: () => disconnect(clients),
  };
}
