import { setTimeout as sleep } from 'node:timers/promises';
import { connect, disconnect } from './clients.mjs';
import { TTL_MS } from './settings.mjs';

/**
 * `redlock` 5 and its derivative have the same API and the same way to retry.
 *
 * In their own retries they keep the grants of a failed attempt, and so block each other and themselves for a
 * whole ttl. In their favour, each attempt is an `acquire` of its own here, which releases these grants.
 */
export async function openRedlock(Redlock, urls, { retryMs }) {
  const clients = await connect(urls);
  const redlock = new Redlock(clients, { retryCount: 0 });
  return {
    acquire: (key) => acquireInTheEnd(redlock, key, retryMs),
    release: (lock) => lock.release(),
    close: () => disconnect(clients),
  };
}

/** Repeats until it has the lock, or the measurement ends. */
async function acquireInTheEnd(redlock, key, retryMs) {
  for (;;) {
    try {
      return await redlock.acquire([key], TTL_MS);
    } catch (error) {
      if (error.name !== 'ExecutionError') throw error;
      await sleep(Math.random() * 2 * retryMs);
    }
  }
}
