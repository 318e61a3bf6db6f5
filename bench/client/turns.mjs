import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Some callers of this process want one key at the same moment, and each holds it for a moment. Returns the time until
 * the last one has given it back, and the time for which it was held.
 */
export async function turns({ key, callers, holdMs }, session) {
  const start = performance.now();
  let heldMs = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const lock = await session.acquire(key);
      const began = performance.now();
      await sleep(holdMs);
      heldMs += performance.now() - began;
      await session.release(lock);
    }),
  );
  return { tookMs: performance.now() - start, heldMs };
}
