import { LockOptionsError } from '../../../../lib/errors/lock-options.error';
import { checkTtlWithin, completeLockOptions } from '../../../../lib/locking/api/complete-lock-options';
import type { LockOptions } from '../../../../lib/locking/api/lock-options';

const LIMITS = { nodeTimeoutMs: 500, maxTtlMs: 60_000 };

function errorOf(options: unknown, defaults: LockOptions = {}): LockOptionsError {
  try {
    completeLockOptions(options as LockOptions, defaults, LIMITS);
  } catch (error) {
    if (error instanceof LockOptionsError) return error;
    throw error;
  }
  throw new Error('the options were taken');
}

describe('the options of a lock', () => {
  it('are complete when none is given', () => {
    expect(completeLockOptions(undefined, {}, LIMITS)).toEqual({
      ttlMs: 10_000,
      waitMs: 5_000,
      outageWaitMs: LIMITS.nodeTimeoutMs,
      maxWaiting: 10_000,
      signal: undefined,
      autoExtend: true,
      maxHoldMs: Infinity,
      holdAtLeastMs: 0,
      fencing: false,
      label: undefined,
      mode: 'exclusive',
      limit: undefined,
      permits: 1,
      fair: false,
    });
  });

  it.each(['import 17', 'job_7.b-c', 'é', 'a:b/c "d"', '😀', 'x'.repeat(96), '日'.repeat(10)])(
    'take the label %j',
    (label) => {
      expect(completeLockOptions({ label }, {}, LIMITS).label).toBe(label);
      expect(completeLockOptions({}, { label }, LIMITS).label).toBe(label);
    },
  );

  it('wait through an outage for as long as they say, or for ever where the wait is for ever', () => {
    const outageWaitOf = (options: LockOptions, defaults: LockOptions = {}) =>
      completeLockOptions(options, defaults, LIMITS).outageWaitMs;

    expect(outageWaitOf({ wait: 60_000 })).toBe(LIMITS.nodeTimeoutMs);
    expect(outageWaitOf({ wait: Infinity })).toBe(Infinity);
    expect(outageWaitOf({ wait: Infinity, outageWait: 0 })).toBe(0);
    expect(outageWaitOf({ wait: Infinity }, { outageWait: 7 })).toBe(7);
  });

  it.each<[unknown]>([
    [''],
    [7],
    [null],
    ['x'.repeat(97)],
    ['日'.repeat(11)],
    ['a\nb'],
    ['\u001b[31mred'],
    ['\u202eabc'],
    ['\u200bhidden'],
    ['\ud800'],
  ])('refuse the label %j', (label) => {
    expect(errorOf({ label }).message).toMatch(
      /^label: .* is not possible; it must be text of 1 to 96 characters/,
    );
  });

  it('come from the call before the defaults of the module, one by one', () => {
    const defaults = { ttl: 2_000, wait: 100, autoExtend: false };

    expect(completeLockOptions({ wait: 0, ttl: undefined }, defaults, LIMITS)).toMatchObject({
      ttlMs: 2_000,
      waitMs: 0,
      autoExtend: false,
    });
    expect(
      completeLockOptions({}, { ...defaults, maxHold: 9_000, holdAtLeast: 50, fencing: true }, LIMITS),
    ).toEqual({
      ...{ ttlMs: 2_000, waitMs: 100, outageWaitMs: LIMITS.nodeTimeoutMs, maxWaiting: 10_000 },
      ...{ signal: undefined, autoExtend: false },
      ...{ maxHoldMs: 9_000, holdAtLeastMs: 50, fencing: true },
      ...{ mode: 'exclusive', permits: 1, fair: false },
    });
  });

  it.each([
    [undefined, undefined, false],
    [undefined, true, true],
    [true, undefined, true],
    [true, false, true],
    [false, true, false],
  ])('ask for a fencing token by the call (%p) before the defaults (%p): %p', (call, defaults, asked) => {
    expect(completeLockOptions({ fencing: call }, { fencing: defaults }, LIMITS).fencing).toBe(asked);
  });

  it.each<[LockOptions]>([
    [{ ttl: 501 }],
    [{ ttl: 60_000 }],
    [{ wait: 0 }],
    [{ wait: 0.5 }],
    [{ wait: Infinity }],
    [{ signal: new AbortController().signal }],
    [{ maxHold: 1 }],
    [{ maxHold: Infinity }],
    [{ holdAtLeast: 60_000 }],
    [{ holdAtLeast: 2_678_400_000 }],
    [{ holdAtLeast: 5_000, maxHold: 5_000 }],
    [{ holdAtLeast: 5_000, ttl: 5_000, autoExtend: false }],
  ])('may be %p', (options) => {
    expect(() => completeLockOptions(options, {}, LIMITS)).not.toThrow();
  });

  it.each([
    ['ttl', 0, '0', 'whole number of milliseconds above 0'],
    ['ttl', -1, '-1', 'whole number'],
    ['ttl', 1.5, '1.5', 'whole number'],
    ['ttl', NaN, 'NaN', 'whole number'],
    ['ttl', Infinity, 'Infinity', 'whole number'],
    ['ttl', '5s', '"5s"', 'whole number'],
    ['ttl', null, 'null', 'whole number'],
    ['ttl', 500, '500', 'must exceed nodeTimeout (500)'],
    ['ttl', 3, '3', 'must be 4 or more'],
    ['ttl', 60_001, '60001', 'must not exceed maxTtl (60000)'],
    ['wait', -1, '-1', '0 or more milliseconds, or Infinity'],
    ['wait', NaN, 'NaN', '0 or more'],
    ['wait', '100', '"100"', '0 or more'],
    ['wait', null, 'null', '0 or more'],
    ['signal', {}, 'type object', 'must be an AbortSignal'],
    ['signal', null, 'null', 'must be an AbortSignal'],
    ['autoExtend', 1, '1', 'true or false'],
    ['autoExtend', null, 'null', 'true or false'],
    ['fencing', 1, '1', 'true or false'],
    ['fencing', 'yes', '"yes"', 'true or false'],
    ['fencing', null, 'null', 'true or false'],
    ['maxHold', 0, '0', '1 or more milliseconds, or Infinity'],
    ['maxHold', 0.99, '0.99', '1 or more'],
    ['maxHold', 5e-324, '5e-324', '1 or more'],
    ['maxHold', -5, '-5', '1 or more milliseconds, or Infinity'],
    ['maxHold', null, 'null', '1 or more milliseconds, or Infinity'],
    ['maxHold', NaN, 'NaN', '1 or more milliseconds, or Infinity'],
    ['holdAtLeast', -1, '-1', '0 or more milliseconds, at most'],
    ['holdAtLeast', Infinity, 'Infinity', '31 days'],
    ['holdAtLeast', null, 'null', '31 days'],
    ['holdAtLeast', 2_678_400_001, '2678400001', '31 days'],
  ])('refuse %s %p with its name, value and rule', (option, value, shown, rule) => {
    const error = errorOf({ [option]: value });

    expect(error.option).toBe(option);
    expect(error.code).toBe('LOCK_OPTIONS_INVALID');
    expect(error.message).toContain(`${option}: `);
    expect(error.message).toContain(shown);
    expect(error.message).toContain(rule);
  });

  it.each<[string, LockOptions, string]>([
    ['longer than maxHold', { holdAtLeast: 5_000, maxHold: 4_999 }, 'must not exceed maxHold (4999)'],
    [
      'longer than a ttl that nobody extends',
      { holdAtLeast: 5_001, ttl: 5_000, autoExtend: false },
      'must not exceed ttl (5000) with autoExtend: false',
    ],
  ])('refuse a holdAtLeast that is %s', (_, options, rule) => {
    const error = errorOf(options);

    expect(error.option).toBe('holdAtLeast');
    expect(error.message).toContain(rule);
  });

  it('refuse a relation that only comes about with the defaults', () => {
    expect(errorOf({ holdAtLeast: 5_000 }, { maxHold: 1_000 }).message).toContain('maxHold (1000)');
  });

  it('refuse a name that is no option and tell the ones that are', () => {
    const error = errorOf({ timeout: 5 });

    expect(error.option).toBe('timeout');
    expect(error.message).toContain(
      'Known options are: ttl, wait, outageWait, maxWaiting, signal, autoExtend, maxHold, holdAtLeast',
    );
  });

  it.each([[null], ['5s'], [5], [[]]])('refuse %p in place of an object', (options) => {
    expect(errorOf(options)).toMatchObject({ option: 'options' });
  });

  it('shows no more than the beginning of a long value', () => {
    expect(errorOf({ ttl: 'x'.repeat(10_000) }).message.length).toBeLessThan(200);
  });

  it('check the ttl of an extension by the same rule', () => {
    expect(() => {
      checkTtlWithin(500, LIMITS);
    }).toThrow(LockOptionsError);
    expect(() => {
      checkTtlWithin(501, LIMITS);
    }).not.toThrow();
  });
});
