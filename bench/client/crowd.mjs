import { setTimeout as sleep } from 'node:timers/promises';
import { sharedNow } from './shared-clock.mjs';

/**
 * Workers of this process that compete for one key with each other and with other processes; those of several sessions
 * as if they were in as many processes. With `thinkMs`, a worker waits before it asks again, and both times vary around
 * that mean.
 *
 * Returns when each hold was asked for, began and ended, three numbers per hold, on the clock that all processes
 * share; and since when the workers that are left wait.
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
      // Before it is given back: nobody else may have it any earlier.
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
  // A hold under way belongs into the list; its worker then stops.
  while (holding > 0) await sleep(1);
  return { holds: Float64Array.from(holds), stillWaitingSince, failure };
}

/** As between calls that do not know of each other: exponentially, and no more than five times the mean. */
function varied(meanMs) {
  return Math.min(5, -Math.log(1 - Math.random())) * meanMs;
}
