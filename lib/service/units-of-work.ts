import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../ports/clock.interface';
import { refuseStream } from './refuse-streams';
import { UnitOfWork } from './unit-of-work';

/** Which unit of work the running code is a part of. */
export class UnitsOfWork {
  /** Node asks every AsyncLocalStorage that was ever used at every promise, and most services never use this one. */
  private storage: AsyncLocalStorage<UnitOfWork> | undefined;

  constructor(private readonly clock: Clock) {}

  current(): UnitOfWork | undefined {
    const unit = this.storage?.getStore();
    // Code that outlives its unit is no part of it any more.
    return unit?.isOver === false ? unit : undefined;
  }

  /** A unit within a unit is a part of it. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.current() !== undefined) return finished(work());
    this.storage ??= new AsyncLocalStorage();
    const unit = new UnitOfWork(this.clock);
    try {
      const result = await finished(this.storage.run(unit, work));
      unit.throwIfLost();
      return result;
    } finally {
      unit.end();
    }
  }
}

/** @throws LockOptionsError for a result that has its work still to do */
async function finished<T>(work: T | Promise<T>): Promise<T> {
  const result = await work;
  refuseStream(result, 'work');
  return result;
}
