import { FENCE_COUNTERS } from '../../ports/reserved-names';
import { hashTag, keySlot, SlotNames } from '../script/key-slot';

/**
 * Finds the fencing counters of a node. They are below the prefix of the locks, one for each slot of a Redis
 * Cluster, so at most 16,384. A counter per resource could fill a node if clients choose the names, and a node
 * must not evict counters.
 *
 * Resources that share a counter are numbered above each other, which is more than they need. It has one cost:
 * when two processes lock different resources of one counter at the same moment, nodes may give them different
 * numbers, as they may for a single resource. A counter is in the slot of its resources, so one script may use
 * both.
 */
export class FenceCounters {
  private readonly names: SlotNames;
  /**
   * If the prefix has a hash tag, all locks are in one slot, and their counters too. There are as many counters as
   * else.
   */
  private readonly isInOneSlot: boolean;

  constructor(private readonly keyPrefix: string) {
    const start = keyPrefix + FENCE_COUNTERS;
    this.names = new SlotNames(start);
    this.isInOneSlot = hashTag(start) !== start;
  }

  /**
   * The name of the counter of a key.
   *
   * @param key a resource with the prefix
   */
  of(key: string): string {
    if (!this.isInOneSlot) return this.names.of(keySlot(key));
    return this.keyPrefix + FENCE_COUNTERS + keySlot(key.slice(this.keyPrefix.length)).toString();
  }
}
