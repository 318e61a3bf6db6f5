import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './client.mjs';
import { largest, median } from './statistics.mjs';

const LIMIT_MS = 5_000;
/**
 * The time that the other process has been waiting. It is spread, so that the release comes at any moment
 * between two polls.
 */
export const WAITED_MS = { least: 5, most: 205 };

/** Lets two processes pass one lock to and fro for a while. Returns the times from a release to the next lock. */
export async function measureHandOver(contender, urls, { key, durationMs }) {
  const input = { key };
  const clients = [];
  try {
    while (clients.length < 2)
      clients.push(await Client.start(contender, urls, { retryMs: contender.retryMs }));
    const tookMs = await passToAndFro(clients, input, performance.now() + durationMs);
    if (tookMs.some((took) => took < 0)) return { failed: 'acquired before it was released' };
    return { count: tookMs.length, p50: median(tookMs), max: largest(tookMs) };
  } catch (error) {
    return { failed: error.message };
  } finally {
    for (const client of clients) client.end();
  }
}

async function passToAndFro([one, other], input, end) {
  let [holder, waiter] = [one, other];
  await holder.run('take', input, LIMIT_MS);
  const tookMs = [];
  do {
    const taking = waiter.run('take', input, LIMIT_MS);
    await sleep(WAITED_MS.least + Math.random() * (WAITED_MS.most - WAITED_MS.least));
    const [givenAt, takenAt] = await Promise.all([holder.run('give', input, LIMIT_MS), taking]);
    tookMs.push(takenAt - givenAt);
    [holder, waiter] = [waiter, holder];
  } while (performance.now() < end);
  // The first samples opened connections and warmed up the code, so they are left out.
  return tookMs.length > 4 ? tookMs.slice(2) : tookMs;
}
