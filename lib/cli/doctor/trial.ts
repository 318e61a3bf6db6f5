import type { AcquireRequest } from '../../ports/lock-node.interface';
import type { RedisLockNode } from '../../redis/redis-lock-node';
import { systemClock } from '../../system/system-clock';
import { systemRandomness } from '../../system/system-randomness';
import type { Refusal } from './node-facts';

/** The time for which a node keeps what a trial leaves behind. */
export const TTL_MS = 5_000;
const SKEW_MICROS = 60_000_000;

export interface Step extends Omit<Refusal, 'error'> {
  try(): Promise<unknown>;
}

/** The verbs of a lock node with one owner token. They are promises that reject for anything but a grant. */
export class Trial {
  readonly ownerToken = `doctor:${systemRandomness.secret()}`;
  /**
   * The resources that were granted. If there are none, there is nothing to extend or to release, and the reason
   * was reported.
   */
  private readonly granted = new Set<string>();

  constructor(
    private readonly node: RedisLockNode,
    private readonly timeoutMs: number,
  ) {}

  acquire(resources: readonly string[], isFenced = false): Promise<void> {
    const { ownerToken } = this;
    const fence: AcquireRequest['fence'] = isFenced
      ? { proposal: Math.floor(systemClock.wallNow() * 1_000), skewMicros: SKEW_MICROS, keepMs: TTL_MS }
      : undefined;
    return this.vote((vote) => {
      this.node.acquire({ resources, ownerToken, ttlMs: TTL_MS, askHolderTtl: false, fence }, vote);
    }).then(() => {
      for (const resource of resources) this.granted.add(resource);
    });
  }

  extend(resources: readonly string[]): Promise<void> {
    if (!this.has(resources)) return Promise.resolve();
    return this.vote((vote) => {
      this.node.extend({ resources, ownerToken: this.ownerToken, ttlMs: TTL_MS }, vote);
    });
  }

  release(resources: readonly string[]): Promise<void> {
    const { ownerToken } = this;
    if (!this.has(resources)) return Promise.resolve();
    for (const resource of resources) this.granted.delete(resource);
    return this.vote((vote) => {
      this.node.release({ resources, ownerToken, wakeWaiters: false, ttlMs: TTL_MS }, vote);
    });
  }

  inspect(resource: string): Promise<unknown> {
    return this.inTime((resolve, reject) => {
      this.node.inspect(resource).then(resolve, reject);
    });
  }

  private has(resources: readonly string[]): boolean {
    return resources.every((resource) => this.granted.has(resource));
  }

  vote(ask: (vote: (vote: Vote) => void) => void): Promise<void> {
    return this.inTime((resolve, reject) => {
      ask((vote) => {
        if (vote.kind === 'granted') resolve();
        else
          reject(vote.kind === 'failed' ? vote.error : new Error('somebody else has the key of the trial'));
      });
    });
  }

  /** Like `grant`, for a request that has to be denied. */
  denial(ask: (vote: (vote: Vote) => void) => void): Promise<void> {
    return this.inTime((resolve, reject) => {
      ask((vote) => {
        if (vote.kind === 'denied') resolve();
        else reject(vote.kind === 'failed' ? vote.error : new Error('a reader was in nobody’s way'));
      });
    });
  }

  private inTime(start: (resolve: () => void, reject: (error: unknown) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = systemClock.schedule(this.timeoutMs, () => {
        reject(new Error(`no answer within ${this.timeoutMs} ms`));
      });
      const settled =
        <A extends unknown[]>(then: (...args: A) => void) =>
        (...args: A) => {
          limit.cancel();
          then(...args);
        };
      start(settled(resolve), settled(reject));
    });
  }
}

type Vote = { readonly kind: 'granted' | 'denied' } | { readonly kind: 'failed'; readonly error: Error };
