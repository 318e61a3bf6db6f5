import { measureClock, measureLatency } from '../../../lib/cli/doctor/measure';
import { systemClock } from '../../../lib/system/system-clock';

/** How long each round trip takes by the clocks of this process, one after the other. */
function takes(...durations: number[]) {
  let nowMs = 1_000_000;
  jest.spyOn(systemClock, 'now').mockImplementation(() => nowMs);
  jest.spyOn(systemClock, 'wallNow').mockImplementation(() => nowMs);
  return () => {
    nowMs += durations.shift() ?? 0;
    return nowMs;
  };
}

afterEach(() => jest.restoreAllMocks());

describe('what the doctor measures', () => {
  it('is the best, the median and the worst of ten round trips', async () => {
    const pass = takes(7, 3, 10, 1, 9, 2, 8, 4, 6, 5);

    expect(await measureLatency(() => Promise.resolve(pass()))).toEqual({
      ...{ bestMs: 1, medianMs: 6, worstMs: 10 },
    });
  });

  it('is how far a clock is ahead, by the reading that took least', async () => {
    const pass = takes(400, 20, 100);
    // The server looks at its clock, which is 5 s ahead, at the end of the round trip.
    const time = () => {
      const micros = (pass() + 5_000) * 1_000;
      return Promise.resolve([String(Math.floor(micros / 1e6)), String(micros % 1e6)]);
    };

    expect(await measureClock(time)).toEqual({ offsetMs: 5_010, toleranceMs: 10 });
  });

  it('is no clock where the server answers anything but a time', async () => {
    expect(await measureClock(() => Promise.resolve(['x', '1']))).toBeUndefined();
    expect(await measureClock(() => Promise.resolve([]))).toBeUndefined();
  });
});
