import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { refuseBareModule } from '../service/bare-module';
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
 * Options of {@link RedlockTestingModule}: those of `RedlockModule`, and the number of nodes. `shutdownTimeout` is
 * 1,000 by default, so that a test can be closed although it left a lock held.
 */
export interface RedlockTestingOptions extends Omit<RedlockModuleOptions, 'nodes'>, RedlockModuleExtras {
  /**
   * The number of nodes.
   *
   * @default 3
   */
  nodes?: number | undefined;
}

/**
 * A `RedlockModule` for tests, on nodes in this process: real contention, real errors, no Redis. Two applications
 * have nodes of their own. To simulate another process, use `LockTester.hold`.
 */
@Module({})
export class RedlockTestingModule implements OnModuleInit {
  /** @internal */
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /**
   * Fails if the class itself was imported.
   *
   * @internal
   */
  onModuleInit(): void {
    refuseBareModule(
      this.modules,
      LockTester,
      'RedlockTestingModule',
      'is imported without forRoot(), so nothing could be locked. Import RedlockTestingModule.forRoot().',
    );
  }

  /** @example `RedlockTestingModule.forRoot({ defaults: { wait: 0 } })` */
  static forRoot(given: RedlockTestingOptions = {}): DynamicModule {
    if (typeof (given as unknown) !== 'object' || (given as unknown) === null)
      throw new LockOptionsError('options', 'must be an object, such as { nodes: 3 }, or be left out.');
    const { nodes = 3, ...options } = given;
    if (!Number.isInteger(nodes) || nodes < 1 || nodes > MOST_NODES)
      throw new LockOptionsError('nodes', `must say how many: a whole number from 1 to ${MOST_NODES}.`);
    // Only the number of these nodes counts.
    const places = Array.from({ length: nodes }, () => new MemoryLockNode());
    const redlock = RedlockModule.forRoot({ ...options, nodes: places });
    redlock.module = RedlockTestingModule;
    // Of two providers with the same token, Nest uses the later one.
    redlock.providers?.push(
      { provide: LOCK_SERVICE_FACTORY, useValue: createTestingLockService },
      {
        provide: LockTester,
        useFactory: (locks: LockService) => LockTester.of(locks),
        inject: [REDLOCK_LOCK_SERVICE],
      },
    );
    // If there are several modules, the one without a name exports it.
    if (options.name === undefined) redlock.exports?.push(LockTester);
    return redlock;
  }
}
