import { setTimeout as sleep } from 'node:timers/promises';
import { loadLibrary } from '../lib/library.mjs';
import { TTL_MS, WAIT_MS } from './settings.mjs';

/** Us, as a user would write it. `lock`: how it is taken, if not exclusively. */
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

/** It connects in the background and would do with a quorum; the others begin with all connections, too. */
async function allNodesUp(locks) {
  for (;;) {
    const { nodes } = await locks.inspect('bench-ready');
    if (nodes.every(({ error }) => error === undefined)) return;
    await sleep(5);
  }
}
