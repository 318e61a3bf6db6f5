import type { Fence } from './fence';

/**
 * Where a service that is called by holders keeps the last fence of each resource: in memory for a single process
 * (`MemoryFenceStore`), in Redis for several (`RedisFenceStore`), or wherever yours is.
 */
export interface FenceStore {
  /**
   * Remembers `fence` for `resource` and says true; or says false, and changes nothing, when the last one has a larger
   * token, or the same token of another owner. In one step: two that come at the same moment must not both compare
   * before either writes.
   *
   * A store that has no place left throws, and forgets nobody to make some: whoever is forgotten may be overtaken by a
   * stale holder.
   */
  accept(resource: string, fence: Fence): boolean | Promise<boolean>;
}
