import { LockOptionsError } from '../errors/lock-options.error';
import { readOptions } from '../errors/read-options';
import { checkResource } from '../locking/api/check-resources';
import { checkFence } from './check-fence';
import type { Fence } from './fence';
import type { FenceStore } from './fence-store.interface';
import { checkClient, checkMs } from './fenced-redis';
import { runFenced, type ScriptClient } from './fenced-script';

export interface RedisFenceStoreOptions {
  /**
   * The time in milliseconds for which a fence is kept after it was last seen.
   *
   * @default 86_400_000 (24 hours)
   */
  keep?: number | undefined;
  /**
   * The text before every resource in the name of its key.
   *
   * @default 'fences:'
   */
  keyPrefix?: string | undefined;
}

const OPTIONS = ['keep', 'keyPrefix'] satisfies (keyof RedisFenceStoreOptions)[];

/**
 * Keeps fences in Redis, for a service that runs in several processes. Each is a key that expires `keep` after the
 * fence was last seen. Use a Redis that evicts nothing (`maxmemory-policy noeviction`): without its fence, a
 * resource lets stale holders pass. When that Redis is full or away, `accept` rejects with the error of the
 * client, and no request passes.
 */
export class RedisFenceStore implements FenceStore {
  private readonly keepMs: number;
  private readonly keyPrefix: string;

  /**
   * @param redis a client of ioredis, `Redis` or `Cluster`, which you close yourself
   * @throws LockOptionsError for another value, and for impossible options
   */
  constructor(
    private readonly redis: ScriptClient,
    options: RedisFenceStoreOptions = {},
  ) {
    checkClient(redis);
    const { keep = 86_400_000, keyPrefix = 'fences:' } = readOptions<RedisFenceStoreOptions>(
      options,
      OPTIONS,
      {
        name: 'options',
        what: ', such as { keep: 3_600_000 }',
        each: 'an option of RedisFenceStore',
      },
    );
    this.keepMs = checkMs('keep', keep);
    if (typeof keyPrefix !== 'string') throw new LockOptionsError('keyPrefix', 'must be a string.');
    this.keyPrefix = keyPrefix;
  }

  /** @throws LockKeyError, LockOptionsError for an impossible resource or fence */
  async accept(resource: string, fence: Fence): Promise<boolean> {
    const key = this.keyPrefix + checkResource(resource);
    const request = { verb: 'claim', keepMs: this.keepMs } as const;
    return 'value' in (await runFenced(this.redis, key, checkFence(fence), request));
  }
}
