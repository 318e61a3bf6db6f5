import { setTimeout as sleep } from 'node:timers/promises';
import { loadLibrary } from '../lib/library.mjs';
import { TTL_MS, WAIT_MS } from './settings.mjs';

/** This library, as a user would write it. `lock` has the lock options, if it is not exclusive. */
export async function open(urls, { lock } = {}) {
  const { createLockService } = loadLibrary();
  const locks = createLockService({ nodes: urls, defaults: { ttl: TTL_MS, wait: WAIT_MS } });
  await allNodesUp(locks);
  return {
    acquire: (key) => locks.acquire(key, lock),
    release: (lock) => lock.release(),
    close: () => locks.close(),
  };
}

/**
 * The library connects in the background, and needs only a quorum. The other contenders begin with all
 * connections, so this one does too.
 */
async function allNodesUp(locks) {
  for (;;) {
    const { nodes } = await locks.inspect('bench-ready');
    if (nodes.every(({ error }) => error === undefined)) return;
    await sleep(5);
  }
}
