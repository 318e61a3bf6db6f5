import { AsyncResource } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import type { LockLostError } from '../../errors/lock-lost.error';

/** The signal of a lock. It is made when somebody asks for it, since most locks are released without one. */
export class LossSignal {
  private readonly controller = new AbortController();
  /**
   * The async context of the first request for the signal. Its listeners run there, and not in the context of the
   * code that notices the loss.
   */
  private readonly context = new AsyncResource('nestjs-redlock.signal');

  constructor() {
    // All code that works under the lock may listen, and a task can have hundreds of requests under way.
    setMaxListeners(0, this.signal);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  abort(loss: LockLostError): void {
    this.context.runInAsyncScope(() => {
      this.controller.abort(loss);
    });
  }
}
