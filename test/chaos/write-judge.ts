import type { AppliedWrite } from './guarded-table';

/** A write that was accepted although somebody who held the lock later had written already. */
export interface StaleWrite {
  readonly late: AppliedWrite;
  readonly newer: AppliedWrite;
}

/** Finds stale writes by when their holds began; it does not look at tokens. */
export class WriteJudge {
  private readonly newest = new Map<string, AppliedWrite>();

  /** @param writes in the order in which they were applied */
  judge(writes: readonly AppliedWrite[]): StaleWrite[] {
    const stale: StaleWrite[] = [];
    for (const write of writes) {
      const newest = this.newest.get(write.resource);
      if (newest === undefined || write.startedMs >= newest.startedMs) this.newest.set(write.resource, write);
      else stale.push({ late: write, newer: newest });
    }
    return stale;
  }
}
