import { Semaphore } from 'redis-semaphore';
import { connect, disconnect } from './clients.mjs';
import { TTL_MS, WAIT_MS } from './settings.mjs';

/** Uses one Redis, where its count is exact. */
export async function open(urls, { retryMs, lock }) {
  const [client] = await connect(urls.slice(0, 1));
  return {
    async acquire(key) {
      const semaphore = new Semaphore(client, key, lock.limit, {
        lockTimeout: TTL_MS,
        acquireTimeout: WAIT_MS,
        retryInterval: retryMs,
      });
      await semaphore.acquire();
      return semaphore;
    },
    release: (semaphore) => semaphore.release(),
    close: () => disconnect([client]),
  };
}
