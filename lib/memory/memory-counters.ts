import type { Clock } from '../core/clock.interface';
import type { FenceRequest } from '../core/lock-node.interface';

interface Counter {
  readonly value: number;
  readonly expiresAtMs: number;
}

/** Below this number of counters it does not pay to look for expired ones. */
const SMALLEST_SWEEP = 64;

/** The fencing counters of a node in this process. */
export class MemoryCounters {
  private readonly counters = new Map<string, Counter>();
  private sweepAtSize = SMALLEST_SWEEP;

  constructor(private readonly clock: Clock) {}

  /** One number for all `resources`, above what each of them had. */
  number(resources: readonly string[], { proposal, skewMicros, keepMs }: FenceRequest): number {
    const nowMicros = this.clock.wallNow() * 1_000;
    const believed = Math.max(nowMicros - skewMicros, Math.min(proposal, nowMicros + skewMicros));
    const last = Math.max(0, ...resources.map((resource) => this.find(resource)));
    const value = Math.max(last + 1, Math.floor(believed));
    this.raise(resources, value, keepMs);
    return value;
  }

  /** Makes each of the counters at least `value`. */
  raise(resources: readonly string[], value: number, keepMs: number): void {
    const expiresAtMs = this.clock.now() + keepMs;
    for (const resource of resources) {
      this.counters.set(resource, { value: Math.max(value, this.find(resource)), expiresAtMs });
    }
    this.sweepIfGrown();
  }

  clear(): void {
    this.counters.clear();
  }

  private find(resource: string): number {
    const counter = this.counters.get(resource);
    return counter !== undefined && counter.expiresAtMs > this.clock.now() ? counter.value : 0;
  }

  private sweepIfGrown(): void {
    if (this.counters.size < this.sweepAtSize) return;
    const now = this.clock.now();
    for (const [resource, { expiresAtMs }] of this.counters) {
      if (expiresAtMs <= now) this.counters.delete(resource);
    }
    this.sweepAtSize = Math.max(SMALLEST_SWEEP, this.counters.size * 2);
  }
}
