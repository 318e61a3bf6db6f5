import type { Fence } from './fence';

/**
 * A place where a service keeps the last fence of each resource, when lock holders call it: in memory for a single
 * process (`MemoryFenceStore`), in Redis for several (`RedisFenceStore`), or in a store of your own.
 */
export interface FenceStore {
  /**
   * Keeps `fence` for `resource` and returns true. If the last fence has a larger token, or the same token of
   * another owner, it returns false and changes nothing. It has to compare and write in one step: two requests at
   * the same moment must not both compare before either writes.
   *
   * A store without space throws. It must not forget another fence to get space: a stale holder could then pass
   * for that resource.
   */
  accept(resource: string, fence: Fence): boolean | Promise<boolean>;
}
