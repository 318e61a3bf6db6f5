import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** The time until all callers have been denied, listen for releases and are asleep. */
const SETTLE_MS = 2_000;

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

/** Waits for many keys, one caller each, which another process holds. Returns the heap that each key takes. */
export async function waitingForKeys({ prefix, count }, session) {
  const waitFor = (kind, keys) =>
    Array.from({ length: keys }, (_, key) => session.acquire(`${prefix}:${kind}:${key}`));
  // These callers make everything that is made once.
  const early = waitFor('warm', 50);
  await sleep(SETTLE_MS);
  const heapBefore = heapUsed();
  const waiting = waitFor('key', count);
  await sleep(SETTLE_MS);
  const heapPerKey = (heapUsed() - heapBefore) / count;
  // They wait until this process is ended.
  for (const acquiring of [...early, ...waiting]) acquiring.catch(() => {});
  return { heapPerKey };
}

/** Holds the keys for which another process is going to wait. */
export async function holdKeys({ prefix, count }, session) {
  const keys = [
    ...Array.from({ length: 50 }, (_, key) => `${prefix}:warm:${key}`),
    ...Array.from({ length: count }, (_, key) => `${prefix}:key:${key}`),
  ];
  await Promise.all(keys.map((key) => session.acquire(key)));
}

function heapUsed() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
