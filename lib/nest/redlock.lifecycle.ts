import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { RedlockModuleOptions } from './redlock-module-options.interface';
import type { LockService } from '../service/lock.service';
import { NodeLog } from './node-log';
import { REDLOCK_LOCK_SERVICE, REDLOCK_MODULE_OPTIONS } from './redlock.constants';
import { strangers } from '../service/copies';
import { afterShutdownHooks, atShutdown } from './after-shutdown-hooks';
import { rivalModules } from './rival-modules';
import { warnOnce } from './warn-once';

/** Logs the events of nodes, and closes the lock service with the application. */
@Injectable()
export class RedlockLifecycle implements OnModuleInit, OnModuleDestroy {
  private readonly log = new NodeLog();
  private isShuttingDown = false;

  /** Both types are partial, since a test may replace the service by a mock with only some members. */
  constructor(
    @Inject(REDLOCK_LOCK_SERVICE) private readonly locks: Partial<LockService>,
    @Inject(REDLOCK_MODULE_OPTIONS) private readonly options: Partial<RedlockModuleOptions> | undefined,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {
    // The subscription ends with the service, which completes its events when it is closed.
    locks.events$?.subscribe((event) => {
      this.log.note(event);
    });
    atShutdown(modules, () => {
      this.onModuleDestroy();
    });
  }

  onModuleInit(): void {
    const { nodes } = this.options ?? {};
    // A test may leave in their place what is no list, such as the text of a variable of the environment.
    this.log.noteNumber(Array.isArray(nodes) ? nodes.length : 0);
    this.log.noteCopies(strangers());
    for (const warning of rivalModules(this.modules)) warnOnce(this.modules, warning);
  }

  onModuleDestroy(): void {
    if (this.isShuttingDown) return;
    this.isShuttingDown = true;
    // A leader resigns now: Nest waits for open connections, for a minute or more, and calls no jobs meanwhile.
    void this.locks.endElections?.();
    // The service is not closed here: requests are still served, and they need their locks. And the later hooks of
    // other modules wait for work that needs its locks, such as the jobs of a queue.
    afterShutdownHooks(this.modules, async () => this.locks.close?.());
  }
}
