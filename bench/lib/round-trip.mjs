import { setTimeout as sleep } from 'node:timers/promises';
import { open } from '../contenders/floor.mjs';
import { mean, median } from './statistics.mjs';

const SAMPLES = 400;

/**
 * The unit of waiting: one `SET NX PX` sent to all nodes at once by raw ioredis until a quorum has answered, on a
 * machine that does nothing else; the median in milliseconds.
 */
export async function measureRoundTrip(urls) {
  const session = await open(urls);
  const tookMs = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const start = performance.now();
    const lock = await session.acquire(`round-trip-${process.pid}-${performance.now()}`);
    tookMs.push(performance.now() - start);
    await session.release(lock);
  }
  session.close();
  return median(tookMs.slice(SAMPLES / 4));
}

/** How long a hold of `holdMs` takes by the timers of this machine while it does nothing else; the mean. */
export async function measureTimer(holdMs) {
  const tookMs = [];
  for (let sample = 0; sample < 100; sample += 1) {
    const start = performance.now();
    await sleep(holdMs);
    tookMs.push(performance.now() - start);
  }
  return mean(tookMs);
}
