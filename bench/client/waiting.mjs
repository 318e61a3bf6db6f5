import { setImmediate as turn } from 'node:timers/promises';

/** Many callers wait for one key that this process holds; then they get it one after another. */
export async function waiting({ prefix, count }, session) {
  // These cycles make everything that is made once, so that it does not count.
  for (let cycle = 0; cycle < 200; cycle += 1)
    await session.release(await session.acquire(`${prefix}:warm:${cycle}`));
  const first = await session.acquire(prefix);
  const heapBefore = heapUsed();
  const all = Array.from({ length: count }, () => session.acquire(prefix));
  await turn();
  const heapPerWaiter = (heapUsed() - heapBefore) / count;

  const start = performance.now();
  const done = all.map(async (acquiring) => session.release(await acquiring));
  await session.release(first);
  await Promise.all(done);
  return { heapPerWaiter, perSecond: (count / (performance.now() - start)) * 1_000 };
}

function heapUsed() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
