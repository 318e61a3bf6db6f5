import { AsyncResource } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import type { LockLostError } from '../../errors/lock-lost.error';

/** The signal of a lock, made when somebody asks for it: most locks are released without one. */
export class LossSignal {
  private readonly controller = new AbortController();
  /** Where it was first asked for: its listeners belong there, and not to whoever notices the loss. */
  private readonly context = new AsyncResource('nestjs-redlock.signal');

  constructor() {
    // Whoever works under the lock may listen, and a task can have hundreds of requests under way.
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
