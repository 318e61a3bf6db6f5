import { hostname } from 'node:os';
import { checkRedlockOptions } from './check-redlock-options';
import type { RedlockOptions } from './redlock-options.interface';
import { SteadyClock } from '../system/system-clock';
import { LockEvents } from './lock-events';
import { LockService } from './lock.service';
import { LockManager } from '../locking/lock-manager';
import type { LockManagerSettings } from '../locking/lock-manager-settings.interface';
import { ownerTokenFactory } from '../locking/api/owner-token';
import { openNodes } from '../nodes/open-nodes';
import { evenNodes, nodeWarning } from './node-messages';
import { systemClock } from '../system/system-clock';
import { systemRandomness } from '../system/system-randomness';

/**
 * A lock service without Nest, for scripts and workers. It connects in the background and keeps the process alive
 * until `close()`.
 *
 * @throws LockOptionsError before anything is opened
 * @example
 * const locks = createLockService({ nodes: ['redis://a:6379', 'redis://b:6379', 'redis://c:6379'] });
 * await locks.withLock('report:2026-11', () => writeReport());
 * await locks.close();
 */
export function createLockService(options: RedlockOptions): LockService {
  return openLockService(options, undefined, (message, code) => {
    process.emitWarning(message, { type: 'RedlockWarning', code });
  });
}

/** Opens a lock service for callers with a log of their own, and for tests with another manager. */
export function openLockService(
  options: RedlockOptions,
  newManager = (settings: LockManagerSettings): LockManager => new LockManager(settings),
  warn?: (message: string, code: 'REDLOCK_NODE' | 'REDLOCK_EVEN_NODES') => void,
): LockService {
  const checked = checkRedlockOptions(options);
  const { limits, defaults, keyPrefix, shutdownTimeoutMs, fencing, restartGuard, clockBudgetMs } = checked;
  const clock = new SteadyClock(systemClock);
  const opened = openNodes(checked.nodes, keyPrefix, {
    clock,
    clockBudgetMs,
    nodeTimeoutMs: limits.nodeTimeoutMs,
    maxTtlMs: limits.maxTtlMs,
  });
  const { nodes } = opened;
  if (nodes.length % 2 === 0) warn?.(evenNodes(nodes.length), 'REDLOCK_EVEN_NODES');
  const events = new LockEvents();
  const serviceId = systemRandomness.secret().slice(0, 4);
  const manager = newManager({
    nodes,
    clock,
    wall: systemClock,
    randomness: systemRandomness,
    newOwnerToken: ownerTokenFactory(
      { host: hostname(), pid: process.pid, serviceId },
      systemRandomness.secret,
    ),
    fencing,
    restartGuard,
    limits,
    defaults,
    emit: (event) => {
      if (event.type === 'node-warning') warn?.(nodeWarning(event.message), 'REDLOCK_NODE');
      events.emit(event);
    },
    audience: events,
  });
  const closeEverything = async () => {
    await manager.close(shutdownTimeoutMs);
    await opened.closeOpened();
  };
  return new LockService(manager, events, closeEverything, checked.onBusy);
}
