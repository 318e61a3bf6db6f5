import { LookOut } from '../../../../lib/cli/nodes/look-out';
import { deferred } from '../../../helpers/deferred';

/** When it looked, in milliseconds since the start. */
function watch(intervalMs: number, look: () => Promise<void> = () => Promise.resolve()) {
  const stop = new AbortController();
  const lookOut = new LookOut(intervalMs, stop.signal);
  const startedAtMs = Date.now();
  const looks: number[] = [];
  const ended = lookOut.run(async () => {
    looks.push(Date.now() - startedAtMs);
    await look();
  });
  return { lookOut, looks, stop, ended };
}

describe('a look-out', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('looks at once and at every interval, until it is stopped', async () => {
    const { looks, stop, ended } = watch(1_000);
    await jest.advanceTimersByTimeAsync(2_500);

    stop.abort();
    await ended;

    expect(looks).toEqual([0, 1_000, 2_000]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('looks once for a crowd of news, soon after the first of them', async () => {
    const { lookOut, looks, stop, ended } = watch(1_000);
    await jest.advanceTimersByTimeAsync(100);
    for (let news = 0; news < 4; news += 1) {
      lookOut.hurry();
      await jest.advanceTimersByTimeAsync(20);
    }

    await jest.advanceTimersByTimeAsync(1_000);

    // The last of the crowd came after the look.
    expect(looks).toEqual([0, 150, 210]);
    stop.abort();
    await ended;
  });

  it('looks again soon for what has happened while it looked', async () => {
    const gate = deferred();
    const { lookOut, looks, stop, ended } = watch(1_000, () => gate.promise);
    await jest.advanceTimersByTimeAsync(100);
    lookOut.hurry();
    await jest.advanceTimersByTimeAsync(100);

    gate.resolve();
    await jest.advanceTimersByTimeAsync(100);

    expect(looks).toEqual([0, 250]);
    stop.abort();
    await ended;
  });

  it('is not slowed down by news', async () => {
    const { lookOut, looks, stop, ended } = watch(10);
    await jest.advanceTimersByTimeAsync(1);
    lookOut.hurry();
    await jest.advanceTimersByTimeAsync(12);

    expect(looks).toEqual([0, 11]);
    stop.abort();
    await ended;
  });

  it('does not sleep any more when it was stopped while it looked', async () => {
    const gate = deferred();
    const turns = [Promise.resolve(), gate.promise];
    const { lookOut, looks, stop, ended } = watch(1_000, () => turns.shift() ?? gate.promise);
    await jest.advanceTimersByTimeAsync(1_000);

    stop.abort();
    lookOut.hurry();
    gate.resolve();
    await ended;

    expect(looks).toEqual([0, 1_000]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
