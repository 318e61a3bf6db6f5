import { laterTurn } from '../../../lib/core/later-turn';
import { TestingClock } from '../../../lib/testing/testing-clock';

afterEach(() => {
  jest.useRealTimers();
});

describe('the clock of a test', () => {
  it('is as late, on both of its clocks, as the timers that a test has moved', () => {
    jest.useFakeTimers({ legacyFakeTimers: true });
    const clock = new TestingClock();
    const [startMs, wallStartMs] = [clock.now(), clock.wallNow()];
    clock.schedule(5_000, () => undefined);

    jest.advanceTimersByTime(5_000);

    expect(clock.now() - startMs).toBeGreaterThanOrEqual(5_000);
    expect(clock.wallNow() - wallStartMs).toBeGreaterThanOrEqual(5_000);
  });

  it('never falls behind the clocks of the process, however late a timer runs', async () => {
    const clock = new TestingClock();
    const late = new Promise<void>((resolve) => clock.schedule(1, resolve));
    const busyUntilMs = performance.now() + 20;
    while (performance.now() < busyUntilMs);
    await late;

    const nowMs = performance.now();

    expect(clock.now()).toBeGreaterThanOrEqual(nowMs);
  });

  it('waits for no timer before it judges, since fake timers would hold it back', async () => {
    jest.useFakeTimers();
    const judge = jest.fn();

    new TestingClock().afterArrivedReplies(judge);
    expect(judge).not.toHaveBeenCalled();
    await Promise.resolve();

    expect(judge).toHaveBeenCalled();
  });

  it('answers at once again in the next turn, after a caller that asked again and again', async () => {
    const clock = new TestingClock();
    for (let times = 0; times < 200; times++) await laterTurn(clock);
    await new Promise(setImmediate);
    const answer = jest.fn();

    clock.inLaterTurn(answer);
    await Promise.resolve();

    expect(answer).toHaveBeenCalled();
  });
});
