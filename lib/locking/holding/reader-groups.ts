import { SmallMap } from '../../collections/small-map';
import type { Lease } from '../../core/lease';
import type { CheckedLockOptions } from '../api/complete-lock-options';
import { ReaderGroup } from './reader-group';

/**
 * The leases of this process that readers share. Each has a name with everything that its readers must have in
 * common.
 */
export class ReaderGroups {
  /**
   * An entry that is removed loses its group: old tables of a `Map` keep their values ("Short-lived objects" in
   * docs/ARCHITECTURE.md).
   */
  private readonly groups = new SmallMap<Opened>();

  constructor(private readonly around: ConstructorParameters<typeof ReaderGroup>[2]) {}

  /** Finds the lease that a reader with these options may join. */
  find(resources: readonly string[], options: CheckedLockOptions): ReaderGroup | undefined {
    if (this.groups.size === 0) return undefined;
    const group = this.groups.get(nameOf(resources, options))?.group;
    return group?.isOpen === true ? group : undefined;
  }

  /** Opens a lease that was just won. Later readers find this one, and not the one before it. */
  open(lease: Lease, options: CheckedLockOptions): ReaderGroup {
    const name = nameOf(lease.resources, options);
    const opened: Opened = { group: undefined };
    const group = new ReaderGroup(lease, options, this.around, () => {
      opened.group = undefined;
      if (this.groups.get(name) === opened) this.groups.delete(name);
    });
    opened.group = group;
    const before = this.groups.get(name);
    if (before !== undefined) before.group = undefined;
    this.groups.set(name, opened);
    return group;
  }

  get isEmpty(): boolean {
    return this.groups.size === 0;
  }
}

interface Opened {
  group: ReaderGroup | undefined;
}

/** Readers who keep a lease alive in different ways do not share one. */
function nameOf(resources: readonly string[], { ttlMs, autoExtend, label }: CheckedLockOptions): string {
  // Most names have this form. No other name begins so.
  if (resources.length === 1 && label === undefined)
    return `${ttlMs}${autoExtend ? '+' : '-'}${resources[0]}`;
  return JSON.stringify([ttlMs, autoExtend, label ?? null, ...resources]);
}
