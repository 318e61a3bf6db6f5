import { outageDelayMs, pollDelayMs } from '../../../../lib/locking/waiting/backoff';

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
});
