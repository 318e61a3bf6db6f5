import { LockOptionsError } from '../errors/lock-options.error';
import { describeValue } from '../errors/describe-value';
import { systemClock } from '../system/system-clock';
import type { Fence } from './fence';
import { FenceException } from './fence.exception';

export interface FenceAheadOptions {
  /**
   * A token may be ahead of the clock of this service by this many milliseconds: 0 or more, or `Infinity` for any
   * number.
   *
   * Tokens are times in microseconds, about as exact as the clocks of the lock nodes. A number of a later year is
   * no token of a lock. A store that keeps it would refuse every real holder until that year. The value must be
   * more than `maxTtl` of the lock service, and more than the difference of your clocks.
   *
   * @default 3_600_000 (1 hour)
   */
  maxAhead?: number | undefined;
}

const DEFAULT_MAX_AHEAD_MS = 3_600_000;

/** @throws LockOptionsError */
export function checkMaxAhead(maxAhead: unknown = DEFAULT_MAX_AHEAD_MS): number {
  if (maxAhead === Infinity || (Number.isSafeInteger(maxAhead) && (maxAhead as number) >= 0)) {
    return maxAhead as number;
  }
  throw new LockOptionsError(
    'maxAhead',
    `must be a whole number of milliseconds, 0 or more, or Infinity, but is ${describeValue(maxAhead)}.`,
  );
}

/** @throws FenceException (400) if the time of the token is further ahead than that */
export function refuseAhead(fence: Fence, maxAheadMs: number): Fence {
  if (fence.token / 1_000 > systemClock.wallNow() + maxAheadMs) throw new FenceException('FENCE_AHEAD');
  return fence;
}
