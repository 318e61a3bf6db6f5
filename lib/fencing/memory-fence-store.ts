import { createHash } from 'node:crypto';
import type { Clock } from '../ports/clock.interface';
import { LockOptionsError } from '../errors/lock-options.error';
import { describeValue } from '../errors/describe-value';
import { checkResource } from '../locking/checks/check-resources';
import { systemClock } from '../system/system-clock';
import { type Fence, mayFollow } from './fence';
import { checkFence } from './check-fence';
import { FenceException } from './fence.exception';
import type { FenceStore } from './fence-store.interface';
import { checkMs } from './fenced-redis';

export interface MemoryFenceStoreOptions {
  /**
   * For how many milliseconds a fence is remembered after it was last seen.
   *
   * @default 86_400_000 (24 hours)
   */
  keep?: number;
  /**
   * How many resources are remembered at most: a whole number above 0. For any more the answer is 503, until the first
   * of the others has not been seen for `keep`. One that is forgotten sooner would let its stale holders pass.
   *
   * One takes some 300 bytes.
   *
   * @default 100_000
   */
  maxEntries?: number;
  /** @default the clocks of this process */
  clock?: Clock;
}

/** Keeps fences in this process: for a service that runs once, and for tests. A restart forgets them. */
export class MemoryFenceStore implements FenceStore {
  private readonly keepMs: number;
  private readonly maxEntries: number;
  private readonly clock: Clock;
  /** The one that was seen longest ago comes first. */
  private readonly last = new Map<string, { readonly fence: Fence; readonly seenAtMs: number }>();

  /** @throws LockOptionsError */
  constructor({
    keep = 86_400_000,
    maxEntries = 100_000,
    clock = systemClock,
  }: MemoryFenceStoreOptions = {}) {
    this.keepMs = checkMs('keep', keep);
    this.maxEntries = checkCount('maxEntries', maxEntries);
    this.clock = clock;
  }

  /**
   * @throws FenceException (503) for a resource that it does not know when it has `maxEntries`
   * @throws LockKeyError, LockOptionsError for what can be no resource, and no fence
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

  /** How many resources it remembers. */
  get size(): number {
    return this.last.size;
  }

  /** Ends at the first that is young enough, and each is forgotten once. */
  private forgetOld(): void {
    const seenSinceMs = this.clock.now() - this.keepMs;
    for (const [resource, { seenAtMs }] of this.last) {
      if (seenAtMs > seenSinceMs) return;
      this.last.delete(resource);
    }
  }
}

const HASH_LENGTH = 64;

/** Names are of any length, and chosen by callers. None that is short looks like the hash of one that is not. */
function shortened(resource: string): string {
  return resource.length < HASH_LENGTH ? resource : createHash('sha256').update(resource).digest('hex');
}

function checkCount(option: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new LockOptionsError(option, `must be a whole number above 0, but is ${describeValue(value)}.`);
}
