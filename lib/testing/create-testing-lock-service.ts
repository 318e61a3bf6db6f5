import { openLockService } from '../service/create-lock-service';
import type { RedlockOptions } from '../service/redlock-options.interface';
import type { LockService } from '../service/lock.service';
import type { LockManagerSettings } from '../locking/lock-manager-settings.interface';
import { LockTester } from './lock-tester';
import { TestingClock } from './testing-clock';
import { TestingLockManager } from './testing-lock-manager';
import { TestingNode } from './testing-node';

/**
 * How long the end of a test waits for those who hold locks, unless the application says it: jest gives a hook 5 seconds,
 * less than the 10 of a real module, and a test that left a lock held has nobody who would give it back.
 */
const SHUTDOWN_TIMEOUT_MS = 1_000;

/** A lock service with the given options on as many nodes of this process, and its tester. */
export function createTestingLockService(options: RedlockOptions): LockService {
  const clock = new TestingClock();
  const nodes = Array.from(
    { length: options.nodes.length },
    (_, position) => new TestingNode(`testing-${position + 1}`, clock),
  );
  const open = (changed: Partial<RedlockOptions>) => {
    const managers: TestingLockManager[] = [];
    const service = openLockService({ ...options, ...changed, nodes }, (settings: LockManagerSettings) => {
      const manager = new TestingLockManager({ ...settings, clock });
      managers.push(manager);
      return manager;
    });
    return { service, manager: managers[0] as TestingLockManager };
  };
  const { service, manager } = open({ shutdownTimeout: options.shutdownTimeout ?? SHUTDOWN_TIMEOUT_MS });
  // Does not wait for the holders that the test has forgotten. What locks of the application are like is no matter of
  // other processes, but for how long they last.
  const defaults = { ttl: options.defaults?.ttl };
  const somebodyElse = open({ shutdownTimeout: 0, defaults }).service;
  LockTester.register(service, new LockTester(service, manager, nodes, somebodyElse));
  return service;
}
