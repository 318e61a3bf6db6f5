import {
  completeLockOptions,
  type CheckedLockOptions,
} from '../../../../lib/locking/api/complete-lock-options';
import { SharedOptions } from '../../../../lib/locking/api/shared-options';
import type { LockOptions } from '../../../../lib/locking/api/lock-options';

const LIMITS = { nodeTimeoutMs: 50, maxTtlMs: 60_000 };
const checked = (options: LockOptions): CheckedLockOptions => completeLockOptions(options, {}, LIMITS);

/** Each option with a value that is not the default. */
const OTHERS = {
  ttl: 5_000,
  wait: 1_000,
  outageWait: 20,
  maxWaiting: 7,
  autoExtend: false,
  maxHold: 20_000,
  holdAtLeast: 100,
  fencing: true,
  label: 'me',
  mode: 'shared',
  limit: 5,
  permits: 2,
  fair: true,
} satisfies LockOptions;

describe('SharedOptions', () => {
  it('gives calls that ask for the same one object', () => {
    const shared = new SharedOptions(checked({}));
    const first = shared.of(checked({ ttl: 5_000 }));

    expect(shared.of(checked({ ttl: 5_000 }))).toBe(first);
  });

  it.each(Object.entries(OTHERS))('does not mix up calls that differ in %s', (option, value) => {
    const usual = checked(option === 'permits' ? { limit: 5 } : {});
    const other = checked({ limit: usual.limit, [option]: value });
    const shared = new SharedOptions(usual);

    expect(shared.of(other)).toEqual(other);
    expect(shared.of(usual)).toEqual(usual);
  });

  it('has a case for each option', () => {
    expect(Object.keys(OTHERS)).toHaveLength(Object.keys(checked({})).length - ['signal'].length);
  });

  it('keeps no signal of a call', () => {
    const shared = new SharedOptions(checked({}));
    const mine = checked({ signal: new AbortController().signal });

    expect(shared.of(mine)).toBe(mine);
    expect(shared.of(checked({})).signal).toBeUndefined();
  });
});
