import {
  extendDelayMs,
  extendRetryDelayMs,
  outageDelayMs,
  pollDelayMs,
} from '../../../../lib/locking/waiting/backoff';

const ALMOST_ONE = 1 - Number.EPSILON;

describe('a delay', () => {
  it.each([
    ['pollDelayMs', pollDelayMs, [8, 16, 32, 64, 128, 128]],
    ['outageDelayMs', outageDelayMs, [25, 50, 100, 200, 400, 400]],
  ])('%s doubles with every attempt and has a bound', (_, delayMs, expected) => {
    expect([1, 2, 3, 4, 5, 6].map((attempt) => delayMs(attempt, 0.5))).toEqual(expected);
    expect(delayMs(1e9, 0.5)).toBe(expected.at(-1));
  });

  it.each([
    ['pollDelayMs', pollDelayMs],
    ['outageDelayMs', outageDelayMs],
  ])('%s differs by chance between half and one and a half', (_, delayMs) => {
    const middle = delayMs(3, 0.5);

    expect(delayMs(3, 0)).toBe(middle * 0.5);
    expect(delayMs(3, ALMOST_ONE)).toBeCloseTo(middle * 1.5);
  });

  it('before an extension is about a third of the ttl, so that two may fail', () => {
    expect(extendDelayMs(9_000, 0.5)).toBeCloseTo(3_000);
    expect(extendDelayMs(9_000, 0)).toBeCloseTo(2_700);
    expect(extendDelayMs(9_000, ALMOST_ONE)).toBeCloseTo(3_300);
  });

  it('before an extension is tried again fits into the ttl often, yet is never a hot loop', () => {
    expect(extendRetryDelayMs(10_000, 0.5)).toBe(500);
    expect(extendRetryDelayMs(2, 0)).toBe(5);
  });
});
