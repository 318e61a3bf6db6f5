import { checkRedlockOptions } from '../service/check-redlock-options';
import { openLockService } from '../service/create-lock-service';
import type { RedlockOptions } from '../service/redlock-options.interface';
import type { LockService } from '../service/lock.service';
import type { LockManagerSettings } from '../locking/lock-manager-settings.interface';
import { LockTester } from './lock-tester';
import { TestingClock } from './testing-clock';
import { TestingLockManager } from './testing-lock-manager';
import { TestingNode } from './testing-node';

/**
 * The time that the end of a test waits for holders, unless the application sets it. The 10 seconds of a real
 * module are more than the 5 seconds that jest gives a hook, and nobody would release a lock that a test has
 * forgotten.
 */
const SHUTDOWN_TIMEOUT_MS = 1_000;

/** The number of nodes if the application has none: a variable of the environment may be missing where tests run. */
const NODES = 3;

/**
 * Makes a lock service with the given options, on as many nodes in this process, and its tester.
 *
 * @throws LockOptionsError as for real nodes, but for anything that may be in `nodes`
 */
export function createTestingLockService(options: RedlockOptions): LockService {
  const clock = new TestingClock();
  const { nodes: given } = checkRedlockOptions(options);
  const nodes = Array.from(
    { length: Array.isArray(given) && given.length > 0 ? given.length : NODES },
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
  // The tester does not wait for holders that the test has forgotten. Of the application's defaults only the ttl
  // is used: other processes do not have the rest.
  const defaults = { ttl: options.defaults?.ttl };
  const somebodyElse = open({ shutdownTimeout: 0, defaults }).service;
  LockTester.register(service, new LockTester(service, manager, nodes, somebodyElse));
  return service;
}
