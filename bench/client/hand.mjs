import { sharedNow } from './shared-clock.mjs';

let lock;

/** Waits for the lock. Returns the time at which it had the lock. */
export async function take({ key }, session) {
  lock = await session.acquire(key);
  return sharedNow();
}

/** Releases the lock. Returns the time at which the release began. */
export async function give(_input, session) {
  const began = sharedNow();
  await session.release(lock);
  return began;
}
