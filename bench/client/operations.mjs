import { setTimeout as sleep } from 'node:timers/promises';
import { largest, percentile } from '../lib/statistics.mjs';

const GRACE_MS = 3_000;

/**
 * Some workers acquire and release, and both are timed. An operation that has not ended a while after the end
 * counts with its time so far. So a call that hangs is not left out.
 */
export async function operations({ prefix, workers, durationMs }, session) {
  const end = performance.now() + durationMs;
  const times = { acquire: [], release: [] };
  const underWay = new Map();
  const failures = { acquire: 0, release: 0 };

  async function timed(verb, call) {
    const began = performance.now();
    const entry = { verb, began };
    underWay.set(entry, entry);
    try {
      return await call();
    } catch (error) {
      failures[verb] += 1;
      throw error;
    } finally {
      underWay.delete(entry);
      times[verb].push(performance.now() - began);
    }
  }
  async function work(worker) {
    for (let cycle = 0; performance.now() < end; cycle += 1) {
      try {
        const lock = await timed('acquire', () => session.acquire(`${prefix}:${worker}:${cycle}`));
        await timed('release', () => session.release(lock));
      } catch {
        // The failure is counted, and the next cycle has another key.
      }
    }
  }
  const working = Array.from({ length: workers }, (_, worker) => work(worker));
  await Promise.race([Promise.all(working), sleep(durationMs + GRACE_MS)]);

  const hanging = { acquire: 0, release: 0 };
  for (const { verb, began } of underWay.values()) {
    hanging[verb] += 1;
    times[verb].push(performance.now() - began);
  }
  return Object.fromEntries(
    Object.entries(times).map(([verb, list]) => [
      verb,
      {
        count: list.length,
        p50: percentile(list, 50),
        p99: percentile(list, 99),
        max: largest(list),
        hanging: hanging[verb],
        failures: failures[verb],
      },
    ]),
  );
}
