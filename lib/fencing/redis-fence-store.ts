import type { Fence } from './fence';
import type { FenceStore } from './fence-store.interface';
import { checkMs } from './fenced-redis';
import { runFenced, type ScriptClient } from './fenced-script';

export interface RedisFenceStoreOptions {
  /**
   * For how many milliseconds a fence is remembered after it was last seen.
   *
   * @default 86_400_000 (24 hours)
   */
  keep?: number;
  /**
   * Put before every resource to make its key.
   *
   * @default 'fences:'
   */
  keyPrefix?: string;
}

/** Keeps fences in a Redis, for a service that runs in several processes. */
export class RedisFenceStore implements FenceStore {
  private readonly keepMs: number;
  private readonly keyPrefix: string;

  /** @param redis a client of ioredis, `Redis` or `Cluster`, that stays yours */
  constructor(
    private readonly redis: ScriptClient,
    { keep = 86_400_000, keyPrefix = 'fences:' }: RedisFenceStoreOptions = {},
  ) {
    this.keepMs = checkMs('keep', keep);
    this.keyPrefix = keyPrefix;
  }

  async accept(resource: string, fence: Fence): Promise<boolean> {
    const request = { verb: 'claim', keepMs: this.keepMs } as const;
    return 'value' in (await runFenced(this.redis, this.keyPrefix + resource, fence, request));
  }
}
