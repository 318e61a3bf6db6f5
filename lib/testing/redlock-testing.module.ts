import { Module, type DynamicModule } from '@nestjs/common';
import { MOST_NODES } from '../ports/node-count';
import { LockOptionsError } from '../errors/lock-options.error';
import { MemoryLockNode } from '../memory/memory-lock-node';
import type { RedlockModuleExtras, RedlockModuleOptions } from '../nest/redlock-module-options.interface';
import type { LockService } from '../service/lock.service';
import { LOCK_SERVICE_FACTORY, REDLOCK_LOCK_SERVICE } from '../nest/redlock.constants';
import { RedlockModule } from '../nest/redlock.module';
import { createTestingLockService } from './create-testing-lock-service';
import { LockTester } from './lock-tester';

/**
 * Options of {@link RedlockTestingModule}: those of `RedlockModule`, and how many nodes there are. `shutdownTimeout` is 1,000
 * unless given, so that a test which left a lock held can be closed.
 */
export interface RedlockTestingOptions extends Omit<RedlockModuleOptions, 'nodes'>, RedlockModuleExtras {
  /** @default 3 */
  nodes?: number;
}

/**
 * A `RedlockModule` for tests, on nodes of this process: real contention, real errors, no Redis. Two applications have
 * nodes of their own; somebody else who contends is `LockTester.hold`.
 */
@Module({})
export class RedlockTestingModule {
  /** @example `RedlockTestingModule.forRoot({ defaults: { wait: 0 } })` */
  static forRoot(given: RedlockTestingOptions = {}): DynamicModule {
    if (typeof (given as unknown) !== 'object' || (given as unknown) === null)
      throw new LockOptionsError('options', 'must be an object, such as { nodes: 3 }, or be left out.');
    const { nodes = 3, ...options } = given;
    if (!Number.isInteger(nodes) || nodes < 1 || nodes > MOST_NODES)
      throw new LockOptionsError('nodes', `must say how many: a whole number from 1 to ${MOST_NODES}.`);
    // Only their number counts.
    const places = Array.from({ length: nodes }, () => new MemoryLockNode());
    const { providers = [], exports = [], ...redlock } = RedlockModule.forRoot({ ...options, nodes: places });
    const isNamed = options.name !== undefined;
    return {
      ...redlock,
      module: RedlockTestingModule,
      providers: [
        ...providers,
        // The later of two providers with the same token counts.
        { provide: LOCK_SERVICE_FACTORY, useValue: createTestingLockService },
        {
          provide: LockTester,
          useFactory: (locks: LockService) => LockTester.of(locks),
          inject: [REDLOCK_LOCK_SERVICE],
        },
      ],
      // With several modules, the one without a name exports it.
      exports: isNamed ? exports : [...exports, LockTester],
    };
  }
}
