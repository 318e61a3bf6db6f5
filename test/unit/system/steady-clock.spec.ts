import { SteadyClock } from '../../../lib/system/system-clock';
import { VirtualClock } from '../../helpers/virtual-clock';

function setUp() {
  const clock = new VirtualClock();
  const steady = new SteadyClock(clock);
  const startMs = steady.wallNow();
  const passedMs = () => steady.wallNow() - startMs;
  return { clock, steady, passedMs };
}

describe('the steady wall clock', () => {
  it('goes with the wall clock', async () => {
    const { clock, passedMs } = setUp();

    await clock.advance(1_000);
    clock.suspend(5_000);

    expect(passedMs()).toBe(6_000);
  });

  it('is not set back', async () => {
    const { clock, passedMs } = setUp();
    await clock.advance(1_000);

    clock.setWall(-60_000);

    expect(passedMs()).toBe(1_000);
  });

  it('counts a sleep after it was set back, and after it was set back again', () => {
    const { clock, passedMs } = setUp();
    for (let time = 1; time <= 3; time++) {
      clock.setWall(-60_000);
      passedMs();
      clock.suspend(20_000);

      expect(passedMs()).toBe(time * 20_000);
    }
  });

  it('counts what it is set forward by as time that has passed, and goes on from there', async () => {
    const { clock, passedMs } = setUp();
    clock.setWall(20_000);
    expect(passedMs()).toBe(20_000);

    clock.setWall(-20_000);
    await clock.advance(500);

    expect(passedMs()).toBe(20_500);
  });

  it('does not gain time from readings that differ by a few milliseconds', async () => {
    const { clock, passedMs } = setUp();

    for (let look = 0; look < 1_000; look++) {
      clock.setWall(look % 2 === 0 ? 15 : -15);
      passedMs();
      await Promise.resolve();
    }

    expect(passedMs()).toBe(0);
  });

  it('adds up many small steps back', () => {
    const { clock, passedMs } = setUp();

    for (let step = 0; step < 100; step++) {
      clock.setWall(-5);
      passedMs();
    }

    expect(passedMs()).toBeGreaterThanOrEqual(-20);
  });
});
