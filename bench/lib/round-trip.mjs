import { setTimeout as sleep } from 'node:timers/promises';
import { open } from '../contenders/floor.mjs';
import { mean, median } from './statistics.mjs';

/**
 * Measures the unit of waiting: one `SET NX PX` to all nodes at once by plain ioredis until a quorum has
 * answered, on an idle machine. Returns the median in milliseconds.
 */
export async function measureRoundTrip(urls, samples = 400) {
  const session = await open(urls);
  const tookMs = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const start = performance.now();
    const lock = await session.acquire(`round-trip-${process.pid}-${performance.now()}`);
    tookMs.push(performance.now() - start);
    await session.release(lock);
  }
  session.close();
  return median(tookMs.slice(samples / 4));
}

/**
 * Measures the real duration of a hold of `holdMs` by the timers of this machine while it is idle. Returns
 * the mean.
 */
export async function measureTimer(holdMs) {
  const tookMs = [];
  for (let sample = 0; sample < 100; sample += 1) {
    const start = performance.now();
    await sleep(holdMs);
    tookMs.push(performance.now() - start);
  }
  return mean(tookMs);
}
