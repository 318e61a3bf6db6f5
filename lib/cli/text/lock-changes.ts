import type { ListedLock } from '../../locking/api/lock-listing.interface';
import { listLocks, type NodeAnswer } from '../../locking/inspection/list-locks';

/** A difference from the look before. */
export type LockChange =
  /** The lock was not there before, or it had another holder or another state. */
  | { readonly type: 'lock'; readonly lock: ListedLock }
  /** Nobody holds it any more: it was released, or it expired. */
  | { readonly type: 'gone'; readonly lock: ListedLock }
  | { readonly type: 'node'; readonly node: string; readonly error: string | null };

/**
 * Compares each look with the one before. If no quorum of the nodes answered a look, only the silent nodes are
 * reported.
 */
export class LockChanges {
  private locks = new Map<string, ListedLock>();
  private errors = new Map<string, string | null>();

  /** The resources of the last look. */
  get resources(): readonly string[] {
    return [...this.locks.keys()];
  }

  next(answers: readonly NodeAnswer[], hasQuorum: boolean): LockChange[] {
    const changes: LockChange[] = [];
    for (const { node, error } of answers) {
      const now = error?.message ?? null;
      // A node that answers is news only if it did not answer before.
      if ((this.errors.get(node) ?? null) !== now) changes.push({ type: 'node', node, error: now });
      this.errors.set(node, now);
    }
    if (!hasQuorum) return changes;

    const before = this.locks;
    this.locks = new Map(listLocks(answers).map((lock) => [lock.resource, lock]));
    for (const [resource, lock] of before) {
      if (!this.locks.has(resource)) changes.push({ type: 'gone', lock });
    }
    for (const [resource, lock] of this.locks) {
      if (isNews(lock, before.get(resource))) changes.push({ type: 'lock', lock });
    }
    return changes;
  }
}

/**
 * Tells if a lock has changed. A change of the ttl does not count, since the ttl always changes. Nor does one node
 * more or less that has the lock.
 */
function isNews(lock: ListedLock, before: ListedLock | undefined): boolean {
  return before?.state !== lock.state || before.holder?.ownerToken !== lock.holder?.ownerToken;
}
