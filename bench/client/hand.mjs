import { sharedNow } from './shared-clock.mjs';

let lock;

/** Waits for the lock; returns when it had it. */
export async function take({ key }, session) {
  lock = await session.acquire(key);
  return sharedNow();
}

/** Gives it back; returns when it began to. */
export async function give(_input, session) {
  const began = sharedNow();
  await session.release(lock);
  return began;
}
