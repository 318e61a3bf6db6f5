import { setTimeout as sleep } from 'node:timers/promises';

/** Sleeps, or returns at once when all is over. */
export async function pause(lastsMs: number, signal: AbortSignal): Promise<void> {
  await sleep(lastsMs, undefined, { signal }).catch(() => undefined);
}
