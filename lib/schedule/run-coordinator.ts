import type { LockService } from '../service/lock.service';
import type { Lock } from '../locking/api/lock.interface';
import { LockOptionsError } from '../errors/lock-options.error';
import { checkPrefix } from './check-schedule-options';

/** The interface that `runCoordinator` of node-cron 4 takes. */
export interface RunCoordinator {
  shouldRun(key: string, ttlMs: number): Promise<boolean>;
  onComplete(key: string): Promise<void>;
}

/**
 * Makes tasks of node-cron (4.1 or later, with `distributed: true`) run once per fleet, on a quorum of the nodes.
 * The lock is held and kept alive while the task runs, and at least for node-cron's `distributedLease`. If too few
 * nodes answer, `shouldRun` rejects, and node-cron leaves the run out.
 *
 * @param prefix the text before the key of node-cron, which is the name of the task and its date
 * @throws LockOptionsError without a lock service, and for a prefix with which no resource can begin
 * @example `cron.setRunCoordinator(createRunCoordinator(locks));`
 */
export function createRunCoordinator(locks: LockService, prefix = 'schedule:'): RunCoordinator {
  if (typeof (locks as Partial<LockService> | null | undefined)?.tryAcquire !== 'function') {
    throw new LockOptionsError(
      'locks',
      'must be a lock service: createRunCoordinator(app.get(LockService)), or one from createLockService().',
    );
  }
  checkPrefix(prefix);
  const held = new Map<string, Lock>();
  return {
    async shouldRun(key, ttlMs) {
      const lock = await locks.tryAcquire(prefix + key, {
        ...{ holdAtLeast: ttlMs, maxHold: Infinity, autoExtend: true },
      });
      if (lock !== null) held.set(key, lock);
      return lock !== null;
    },
    async onComplete(key) {
      const lock = held.get(key);
      held.delete(key);
      await lock?.release();
    },
  };
}
