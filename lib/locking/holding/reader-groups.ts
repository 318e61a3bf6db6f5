import type { Lease } from '../../core/lease';
import type { CheckedLockOptions } from '../checks/complete-lock-options';
import { ReaderGroup } from './reader-group';

/** The holds of this process that readers share, by what those who may come to one have in common. */
export class ReaderGroups {
  private readonly groups = new Map<string, ReaderGroup>();

  constructor(private readonly around: ConstructorParameters<typeof ReaderGroup>[2]) {}

  /** The hold that a reader with these options may come to. */
  find(resources: readonly string[], options: CheckedLockOptions): ReaderGroup | undefined {
    if (this.groups.size === 0) return undefined;
    const group = this.groups.get(nameOf(resources, options));
    return group?.isOpen === true ? group : undefined;
  }

  /** A hold that was just won: those who come later find this one, and not the one before it. */
  open(lease: Lease, options: CheckedLockOptions): ReaderGroup {
    const name = nameOf(lease.resources, options);
    const group = new ReaderGroup(lease, options, this.around, (closed) => {
      if (this.groups.get(name) === closed) this.groups.delete(name);
    });
    this.groups.set(name, group);
    return group;
  }

  get isEmpty(): boolean {
    return this.groups.size === 0;
  }
}

/** Readers who keep a hold in different ways do not share one. */
function nameOf(resources: readonly string[], { ttlMs, autoExtend, label }: CheckedLockOptions): string {
  return JSON.stringify([ttlMs, autoExtend, label ?? null, ...resources]);
}
