import { percentile } from '../lib/statistics.mjs';

/**
 * Runs this many workers. Each acquires and releases a lock of its own again and again, until the time is
 * over and each worker has done at least one cycle. Every cycle has a new key.
 */
export async function cycles({ prefix, concurrency, durationMs }, session) {
  const latencies = [];
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const end = start + durationMs;
  let failures = 0;
  let firstFailure;

  async function work(worker) {
    for (let cycle = 0; cycle === 0 || performance.now() < end; cycle += 1) {
      const began = performance.now();
      try {
        await session.release(await session.acquire(`${prefix}:${worker}:${cycle}`));
      } catch (error) {
        failures += 1;
        firstFailure ??= `${error.name}: ${error.message}`;
        return;
      }
      latencies.push(performance.now() - began);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, worker) => work(worker)));

  const tookMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    perSecond: (latencies.length / tookMs) * 1_000,
    cpuMicros: (user + system) / latencies.length,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    failures,
    firstFailure,
  };
}
