import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const RESOLUTION_MS = 5;
const AT_ONCE = 500;

/** Takes many locks and keeps them for a while. Returns the cost, and the number of lost locks. */
export async function held({ prefix, count, durationMs }, session) {
  const heapBefore = heapUsed();
  const start = performance.now();
  const locks = await acquireMany(prefix, count, session);
  const acquireMs = performance.now() - start;
  const heapPerLock = (heapUsed() - heapBefore) / count;

  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const cpuBefore = process.cpuUsage();
  const holdStart = performance.now();
  delay.enable();
  await sleep(durationMs);
  delay.disable();
  const { user, system } = process.cpuUsage(cpuBefore);
  const heldMs = performance.now() - holdStart;
  const lost = count - locks.filter((lock) => lock.isHeld).length;
  return {
    lost,
    acquireMs,
    heapPerLock,
    cpuShare: (user + system) / 1_000 / heldMs,
    // The monitor is a timer. On an idle loop it measures its own period.
    delayP99: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS),
    delayMax: Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
  };
}

async function acquireMany(prefix, count, session) {
  const locks = [];
  let next = 0;
  const work = async () => {
    while (next < count) locks.push(await session.acquire(`${prefix}:${(next += 1)}`));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return locks;
}

function heapUsed() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
