import { FENCE_COUNTERS } from '../../core/reserved-names';
import { hashTag, keySlot, SlotNames } from './key-slot';

/**
 * Where a node keeps fencing counters: below the prefix of the locks, and one for each slot of a Redis Cluster, so
 * 16,384 at most. Names that clients choose could fill a node with a counter each, and a node must not evict them.
 *
 * Resources that share a counter are numbered above each other, which is more than they need. All that it costs: nodes
 * may give different numbers to two processes that lock different resources of one counter at the same moment, as they
 * may for one resource. And a counter is in the slot of its resources, so that one script may use both.
 */
export class FenceCounters {
  private readonly names: SlotNames;
  /** All locks are in one slot, and the counters with them; there are as many of them all the same. */
  private readonly isInOneSlot: boolean;

  constructor(private readonly keyPrefix: string) {
    const start = keyPrefix + FENCE_COUNTERS;
    this.names = new SlotNames(start);
    this.isInOneSlot = hashTag(start) !== start;
  }

  /** @param key of a resource, with the prefix */
  of(key: string): string {
    if (!this.isInOneSlot) return this.names.of(keySlot(key));
    return this.keyPrefix + FENCE_COUNTERS + keySlot(key.slice(this.keyPrefix.length)).toString();
  }
}
