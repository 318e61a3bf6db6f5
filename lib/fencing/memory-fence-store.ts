import type { Clock } from '../core/clock.interface';
import { systemClock } from '../utils/system-clock';
import { type Fence, mayFollow } from './fence';
import type { FenceStore } from './fence-store.interface';
import { checkMs } from './fenced-redis';

export interface MemoryFenceStoreOptions {
  /**
   * For how many milliseconds a fence is remembered after it was last seen.
   *
   * @default 86_400_000 (24 hours)
   */
  keep?: number;
  /** @default the clocks of this process */
  clock?: Clock;
}

/** Keeps fences in this process: for a service that runs once, and for tests. A restart forgets them. */
export class MemoryFenceStore implements FenceStore {
  private readonly keepMs: number;
  private readonly clock: Clock;
  /** The one that was seen longest ago comes first. */
  private readonly last = new Map<string, { readonly fence: Fence; readonly seenAtMs: number }>();

  constructor({ keep = 86_400_000, clock = systemClock }: MemoryFenceStoreOptions = {}) {
    this.keepMs = checkMs('keep', keep);
    this.clock = clock;
  }

  accept(resource: string, fence: Fence): boolean {
    this.forgetOld();
    if (!mayFollow(fence, this.last.get(resource)?.fence)) return false;
    this.last.delete(resource);
    this.last.set(resource, { fence, seenAtMs: this.clock.now() });
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
