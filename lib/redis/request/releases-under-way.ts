import { SmallMap } from '../../collections/small-map';
import { ASKS } from '../script/batch-codes';
import { type BatchEntry, isRelease, type SetEntry } from './batch-entry';

/**
 * The leases whose release was sent to a server and not answered yet. No request that would put such a lease back
 * may be sent again: answers come in the order of the requests, so the release would have run before it.
 */
export class ReleasesUnderWay {
  private readonly alone = new SmallMap<number>();
  /**
   * The batches, in the order of their answers. This is no `Set` ("Short-lived objects" in docs/ARCHITECTURE.md).
   */
  private readonly batches: (readonly Entry[])[] = [];

  has(ownerToken: string): boolean {
    if (this.alone.has(ownerToken)) return true;
    return this.batches.some((entries) => entries.some((entry) => releasedBy(entry) === ownerToken));
  }

  add(ownerToken: string): void {
    this.alone.set(ownerToken, (this.alone.get(ownerToken) ?? 0) + 1);
  }

  remove(ownerToken: string): void {
    const count = this.alone.get(ownerToken) ?? 0;
    if (count > 1) this.alone.set(ownerToken, count - 1);
    else this.alone.delete(ownerToken);
  }

  addBatch(entries: readonly Entry[]): void {
    this.batches.push(entries);
  }

  removeBatch(entries: readonly Entry[]): void {
    const position = this.batches.indexOf(entries);
    if (position >= 0) this.batches.splice(position, 1);
  }
}

type Entry = BatchEntry | SetEntry;

/** The owner token that an entry ends. A hand-over ends a lease as a release does. */
function releasedBy(entry: Entry): string | undefined {
  if (entry.letter === 'sr') return entry.request.ownerToken;
  if (entry.letter === 'sl' || entry.letter === ASKS.acquire) return undefined;
  if (entry.letter === 'sa' || entry.letter === 'se') return entry.request.replaces;
  return isRelease(entry) ? entry.request.ownerToken : entry.request.replaces;
}
