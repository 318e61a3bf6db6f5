import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { LockService } from './lock.service';
import type { LockEvent } from './locking/lock-event.interface';
import { LOGGER_CONTEXT, REDLOCK_LOCK_SERVICE } from './redlock.constants';
import { nodeBack, nodeDown } from './redlock.messages';

/** Logs what becomes of the nodes, and closes the lock service with the application. */
@Injectable()
export class RedlockLifecycle implements OnApplicationShutdown {
  private readonly logger = new Logger(LOGGER_CONTEXT);
  private readonly downNodes = new Set<string>();

  /** `locks`: partial, since a test may put as much of a mock in its place as it needs. */
  constructor(@Inject(REDLOCK_LOCK_SERVICE) private readonly locks: Partial<LockService>) {
    // Ends with the service, which completes its events when it is closed.
    locks.events$?.subscribe((event) => {
      this.log(event);
    });
  }

  /** Not in `onModuleDestroy`: requests are still served then, and they need their locks. */
  async onApplicationShutdown(): Promise<void> {
    await this.locks.close?.();
  }

  private log(event: LockEvent): void {
    if (event.type === 'node-down' && !this.downNodes.has(event.node)) {
      this.downNodes.add(event.node);
      this.logger.warn(nodeDown(event.node, event.error));
    } else if (event.type === 'node-up' && this.downNodes.delete(event.node)) {
      this.logger.log(nodeBack(event.node));
    }
  }
}
