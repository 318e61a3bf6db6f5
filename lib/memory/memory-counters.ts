import type { TimeSource } from '../ports/clock.interface';
import { areNear } from '../ports/times';
import type { FenceRequest } from '../ports/lock-node.interface';

interface Counter {
  readonly value: number;
  readonly expiresAtMs: number;
}

/** The most counters, however many names are locked. Resources share counters. */
const MOST_COUNTERS = 16_384;

/** The fencing counters of a node in this process. */
export class MemoryCounters {
  private readonly counters = new Map<number, Counter>();

  constructor(private readonly clock: TimeSource) {}

  /** Returns one number for all `resources`. It is above the counter of each. */
  number(resources: readonly string[], { proposal, skewMicros, keepMs }: FenceRequest): number {
    const nowMicros = this.clock.wallNow() * 1_000;
    const believed = Math.max(nowMicros - skewMicros, Math.min(proposal, nowMicros + skewMicros));
    const last = Math.max(0, ...resources.map((resource) => this.find(resource)));
    const value = Math.max(last + 1, Math.floor(believed));
    // A number that is far from the proposal comes from a wrong clock. Its grant does not count, so the counter
    // does not keep it: other resources may share the counter.
    if (areNear(value, proposal, skewMicros)) this.raise(resources, value, keepMs);
    return value;
  }

  /** Raises each of the counters to at least `value`, and keeps them for at least `keepMs`. */
  raise(resources: readonly string[], value: number, keepMs: number): void {
    const expiresAtMs = this.clock.now() + keepMs;
    for (const resource of resources) {
      const place = placeOf(resource);
      this.counters.set(place, {
        value: Math.max(value, this.find(resource)),
        expiresAtMs: Math.max(expiresAtMs, this.counters.get(place)?.expiresAtMs ?? 0),
      });
    }
  }

  clear(): void {
    this.counters.clear();
  }

  private find(resource: string): number {
    const counter = this.counters.get(placeOf(resource));
    return counter !== undefined && counter.expiresAtMs > this.clock.now() ? counter.value : 0;
  }
}

/** FNV-1a spreads names that are nearly equal. */
function placeOf(resource: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < resource.length; i++) hash = Math.imul(hash ^ resource.charCodeAt(i), 0x01_00_01_93);
  return (hash >>> 0) % MOST_COUNTERS;
}
