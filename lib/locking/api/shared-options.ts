import type { CheckedLockOptions } from './complete-lock-options';

/** Shares one object between calls that ask for the same one after another, since very many of them may wait. */
export class SharedOptions {
  constructor(private last: CheckedLockOptions) {}

  /** Returns the options, or the object of the call before if that is equal. */
  of(options: CheckedLockOptions): CheckedLockOptions {
    // A signal belongs to one call, and must not be kept for longer (R18).
    if (options.signal !== undefined) return options;
    if (!areSame(options, this.last)) this.last = options;
    return this.last;
  }
}

/** Compares field by field, since this runs with every call that has options. */
function areSame(a: CheckedLockOptions, b: CheckedLockOptions): boolean {
  return (
    a.ttlMs === b.ttlMs &&
    a.waitMs === b.waitMs &&
    a.outageWaitMs === b.outageWaitMs &&
    a.maxWaiting === b.maxWaiting &&
    a.autoExtend === b.autoExtend &&
    a.maxHoldMs === b.maxHoldMs &&
    a.holdAtLeastMs === b.holdAtLeastMs &&
    a.fencing === b.fencing &&
    a.label === b.label &&
    a.mode === b.mode &&
    a.limit === b.limit &&
    a.permits === b.permits &&
    a.fair === b.fair
  );
}
