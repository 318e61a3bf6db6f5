import type { LockedDecorator } from '../../calls/locked-decorator.interface';
import type { LockedOptions, OnBusy, OnLost, OnUnavailable } from '../../calls/locked-options.interface';
import { LockOptionsError } from '../../errors/lock-options.error';
import type { LockKey } from './lock-key.decorator';
import { lockedAs } from './locked.decorator';

/** Options of {@link Limited}: those of `@Locked`, with a limit. */
export interface LimitedOptions<B = OnBusy, L = OnLost, U = OnUnavailable> extends LockedOptions<B, L, U> {
  limit: number;
}

/**
 * Runs the method at most `limit` times at once, per key and in the whole fleet: `@Locked` with a `limit`. Further
 * calls wait for a permit (`wait`), first come first served. A call that gets none in time rejects with a
 * `LockLimitError`: HTTP 429.
 *
 * @throws LockKeyError, LockOptionsError when the class is defined, for what can be seen then
 *
 * @example
 * ```ts
 * @Limited('api:<0>', { limit: 5 })
 * async call(tenant: string) { … }
 * ```
 */
export function Limited<const K extends LockKey, B extends OnBusy, L extends OnLost, U extends OnUnavailable>(
  key: K,
  options: LimitedOptions<B, L, U>,
): LockedDecorator<K, B, L, U> {
  if ((options as Partial<LimitedOptions> | undefined)?.limit === undefined) {
    throw new LockOptionsError(
      'limit',
      'is missing. Say how many may run at once: @Limited(key, { limit: 5 }).',
    );
  }
  return lockedAs('@Limited', key, options);
}
