import { checkResource } from '../locking/checks/check-resources';
import { checkFence } from './check-fence';
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

/**
 * Keeps fences in a Redis, for a service that runs in several processes. Each is a key that expires `keep` after it was
 * last seen. Give it a Redis that evicts nothing (`maxmemory-policy noeviction`): a fence that is evicted lets stale
 * holders pass. When that Redis is full or away, `accept` rejects with the error of the client, and no request passes.
 */
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

  /** @throws LockKeyError, LockOptionsError for what can be no resource, and no fence */
  async accept(resource: string, fence: Fence): Promise<boolean> {
    const key = this.keyPrefix + checkResource(resource);
    const request = { verb: 'claim', keepMs: this.keepMs } as const;
    return 'value' in (await runFenced(this.redis, key, checkFence(fence), request));
  }
}
