import { setTimeout as sleep } from 'node:timers/promises';
import { sharedNow } from './shared-clock.mjs';

/**
 * Runs workers of this process that compete for one key with each other and with other processes. The workers
 * of several sessions count as if they were in as many processes. With `thinkMs`, a worker waits before it
 * asks again, and both times vary around that mean.
 *
 * Returns for each hold the times at which it was asked for, began and ended: three numbers per hold, on the
 * clock that all processes share. It also returns since when the remaining workers wait.
 */
export async function crowd({ key, workers, holdMs, thinkMs, untilMs }, sessions) {
  const holds = [];
  const waitingSince = new Map();
  let holding = 0;
  let failure;

  async function work(worker) {
    const session = sessions[worker % sessions.length];
    while (sharedNow() < untilMs) {
      const asked = sharedNow();
      waitingSince.set(worker, asked);
      const lock = await session.acquire(key);
      const began = sharedNow();
      waitingSince.delete(worker);
      holding += 1;
      await sleep(thinkMs === undefined ? holdMs : varied(holdMs));
      // This comes before the release, since nobody else may have the lock earlier.
      holds.push(asked, began, sharedNow());
      holding -= 1;
      await session.release(lock);
      if (thinkMs !== undefined) await sleep(varied(thinkMs));
    }
  }
  const working = Array.from({ length: workers }, (_, worker) =>
    work(worker).catch((error) => {
      failure ??= `${error.name}: ${error.message}`;
    }),
  );

  await Promise.race([Promise.all(working), sleep(untilMs - sharedNow())]);
  const stillWaitingSince = Float64Array.from(waitingSince.values());
  // A hold under way belongs into the list. Its worker stops after that.
  while (holding > 0) await sleep(1);
  return { holds: Float64Array.from(holds), stillWaitingSince, failure };
}

/** A random time as between independent calls: exponential, and no more than five times the mean. */
function varied(meanMs) {
  return Math.min(5, -Math.log(1 - Math.random())) * meanMs;
}
