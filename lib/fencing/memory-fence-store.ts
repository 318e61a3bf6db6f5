import { createHash } from 'node:crypto';
import type { TimeSource } from '../ports/clock.interface';
import { LockOptionsError } from '../errors/lock-options.error';
import { describeValue } from '../errors/describe-value';
import { readOptions } from '../errors/read-options';
import { checkResource } from '../locking/api/check-resources';
import { systemClock } from '../system/system-clock';
import { type Fence, mayFollow } from './fence';
import { checkFence } from './check-fence';
import { FenceException } from './fence.exception';
import type { FenceStore } from './fence-store.interface';
import { checkMs } from './fenced-redis';

export interface MemoryFenceStoreOptions {
  /**
   * The time in milliseconds for which a fence is kept after it was last seen.
   *
   * @default 86_400_000 (24 hours)
   */
  keep?: number | undefined;
  /**
   * The most resources that are kept: a whole number above 0. Requests for one more get a 503, until one of the
   * others was not seen for `keep`. If the store forgot one earlier, stale holders of it could pass.
   *
   * Each takes about 300 bytes.
   *
   * @default 100_000
   */
  maxEntries?: number | undefined;
  /**
   * The clock.
   *
   * @default the clocks of this process
   */
  clock?: TimeSource | undefined;
}

const OPTIONS = ['keep', 'maxEntries', 'clock'] satisfies (keyof MemoryFenceStoreOptions)[];

/** Keeps fences in this process: for a service that runs once, and for tests. A restart forgets them. */
export class MemoryFenceStore implements FenceStore {
  private readonly keepMs: number;
  private readonly maxEntries: number;
  private readonly clock: TimeSource;
  /** The fences. The one that was seen longest ago comes first. */
  private readonly last = new Map<string, { readonly fence: Fence; readonly seenAtMs: number }>();

  /** @throws LockOptionsError */
  constructor(options: MemoryFenceStoreOptions = {}) {
    const {
      keep = 86_400_000,
      maxEntries = 100_000,
      clock = systemClock,
    } = readOptions<MemoryFenceStoreOptions>(options, OPTIONS, {
      name: 'options',
      what: ', such as { maxEntries: 10_000 }',
      each: 'an option of MemoryFenceStore',
    });
    this.keepMs = checkMs('keep', keep);
    this.maxEntries = checkCount('maxEntries', maxEntries);
    this.clock = clock;
  }

  /**
   * @throws FenceException (503) for a new resource when it has `maxEntries`
   * @throws LockKeyError, LockOptionsError for an impossible resource or fence
   */
  accept(resource: string, fence: Fence): boolean {
    const name = shortened(checkResource(resource));
    const { token, owner } = checkFence(fence);
    this.forgetOld();
    const last = this.last.get(name);
    if (!mayFollow(fence, last?.fence)) return false;
    if (last === undefined && this.last.size >= this.maxEntries) throw new FenceException('FENCE_STORE_FULL');
    this.last.delete(name);
    this.last.set(name, { fence: { token, owner }, seenAtMs: this.clock.now() });
    return true;
  }

  /** The number of resources that it keeps. */
  get size(): number {
    return this.last.size;
  }

  /** The loop ends at the first fence that is young enough, and forgets each one once. */
  private forgetOld(): void {
    const seenSinceMs = this.clock.now() - this.keepMs;
    for (const [resource, { seenAtMs }] of this.last) {
      if (seenAtMs > seenSinceMs) return;
      this.last.delete(resource);
    }
  }
}

const HASH_LENGTH = 64;

/**
 * Callers choose the names, which may be long. So a long name is replaced by a hash, in a form that no short name
 * has.
 */
function shortened(resource: string): string {
  return resource.length < HASH_LENGTH ? resource : createHash('sha256').update(resource).digest('hex');
}

function checkCount(option: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new LockOptionsError(option, `must be a whole number above 0, but is ${describeValue(value)}.`);
}
