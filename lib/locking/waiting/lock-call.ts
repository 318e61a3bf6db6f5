import type { AsyncResource } from 'node:async_hooks';
import type { Admissible } from './admission';
import type { Arena } from './arena.interface';
import type { Asker } from './asker';
import type { CheckedLockOptions } from '../checks/check-lock-options';
import type { HeldLock } from '../holding/held-lock';

/** What a caller asked for. As long as it is not let in it has nothing else, since there may be very many of them. */
export class LockCall implements Admissible {
  constructor(
    readonly resources: readonly string[],
    readonly options: CheckedLockOptions,
    private readonly arena: Arena,
    /** On the monotonic clock. */
    readonly startedAtMs: number,
    readonly resolve: (lock: HeldLock) => void,
    readonly reject: (error: unknown) => void,
    /** Of the caller. */
    readonly context: AsyncResource | undefined,
    readonly asker: Asker,
  ) {}

  begin(): void {
    this.arena.contend(this).begin();
  }
}
