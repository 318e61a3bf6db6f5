import type { LockService } from '../../lib';

/** Loses the lock that the calling task holds, for certain and without waiting: as if an operator took it away. */
export async function loseLock(locks: LockService): Promise<void> {
  const lock = locks.current();
  if (lock === undefined) throw new Error('no lock is held here');
  await Promise.all(lock.resources.map((resource) => locks.forceRelease(resource)));
  await lock.extend().catch(() => undefined);
  if (!lock.signal.aborted) throw new Error('the lock was not lost');
}
