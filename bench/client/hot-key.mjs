/** Makes many callers of this process that want one key at the same moment, and do nothing under it. */
export async function hotKey({ prefix, count }, session) {
  // These cycles make everything that is made once, so that it does not count.
  for (let cycle = 0; cycle < 200; cycle += 1)
    await session.release(await session.acquire(`${prefix}:warm:${cycle}`));
  globalThis.gc();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: count }, async () => session.release(await session.acquire(prefix))),
  );
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count / ms) * 1_000, cpuMicros: (user + system) / count };
}
