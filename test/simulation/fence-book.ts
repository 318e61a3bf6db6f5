import type { Lock } from '../../lib/locking/api/lock.interface';
import type { PlanKind } from './plan';

interface Given {
  readonly token: number;
  readonly atMs: number;
}

/** Fencing tokens in the order in which locks were given to callers: each must be larger than those before. */
export class FenceBook {
  private readonly given = new Map<string, Given[]>();

  constructor(private readonly kind: PlanKind) {}

  /**
   * @param askedAtMs when the first node was asked for the lock
   * @param forcedAtMs when an operator opened a resource for the last time
   * @param isResumed it was held before, with the same token
   * @returns what is wrong with it, if anything is
   */
  add(
    lock: Pick<Lock, 'resources' | 'ownerToken' | 'fencingToken'>,
    nowMs: number,
    askedAtMs: number,
    forcedAtMs: (resource: string) => number,
    isResumed = false,
  ): string | undefined {
    const token = lock.fencingToken;
    if (token === undefined || !Number.isSafeInteger(token) || token <= 0)
      return `${lock.ownerToken} has the fencing token ${token}`;
    for (const resource of lock.resources) {
      const earlier = this.given.get(resource) ?? [];
      const wrong = earlier.find(
        (one) =>
          (isResumed ? one.token > token : one.token >= token) &&
          (isResumed || this.isBefore(one, askedAtMs)),
      );
      // It was under way when the key was deleted, so somebody else may have come in between.
      if (wrong !== undefined && (isResumed || askedAtMs > forcedAtMs(resource)))
        return `${lock.ownerToken} has ${token} for ${resource}, after ${wrong.token}`;
      this.given.set(resource, [...earlier, { token, atMs: nowMs }]);
    }
    return undefined;
  }

  /** Where there may be two holders, their order is known only if one had it before the other asked. */
  private isBefore({ atMs }: Given, askedAtMs: number): boolean {
    return this.kind !== 'unseen' || atMs < askedAtMs;
  }
}
