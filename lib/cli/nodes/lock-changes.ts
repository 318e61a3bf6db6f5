import type { ListedLock } from '../../locking/api/lock-listing.interface';
import { listLocks, type NodeAnswer } from '../../locking/inspection/list-locks';

/** What is different from the look before. */
export type LockChange =
  /** It was not there, or somebody else had it, or its state was another. */
  | { readonly type: 'lock'; readonly lock: ListedLock }
  /** Nobody has it any more: it was released, or it expired. */
  | { readonly type: 'gone'; readonly lock: ListedLock }
  | { readonly type: 'node'; readonly node: string; readonly error: string | null };

/**
 * Compares each look with the one before. Of a look that no quorum of the nodes answered nothing is concluded but which
 * nodes are silent.
 */
export class LockChanges {
  private locks = new Map<string, ListedLock>();
  private errors = new Map<string, string | null>();

  /** Those of the last look. */
  get resources(): readonly string[] {
    return [...this.locks.keys()];
  }

  next(answers: readonly NodeAnswer[], hasQuorum: boolean): LockChange[] {
    const changes: LockChange[] = [];
    for (const { node, error } of answers) {
      const now = error?.message ?? null;
      // That a node answers is news only after it did not.
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

/** A change of the ttl is no news, since it always changes. Nor is one node more or less that has the lock. */
function isNews(lock: ListedLock, before: ListedLock | undefined): boolean {
  return before?.state !== lock.state || before.holder?.ownerToken !== lock.holder?.ownerToken;
}
