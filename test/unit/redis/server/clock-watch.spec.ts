import { readInstant } from '../../../../lib/ports/times';
import { ClockWatch } from '../../../../lib/redis/server/clock-watch';
import { VirtualClock } from '../../../helpers/virtual-clock';

const BUDGET_MS = 102;

/** A server whose clock keeps true time, unless it is moved. */
function setUp(budgetMs = BUDGET_MS) {
  const clock = new VirtualClock();
  const watch = new ClockWatch(clock, budgetMs);
  const server = { aheadMs: 0, rate: 1 };
  const startMs = clock.wallNow();
  const serverMicros = () =>
    Math.floor((startMs + (clock.wallNow() - startMs) * server.rate + server.aheadMs) * 1_000);
  /** @param delays on the way there, and back */
  const ask = (thereMs = 0, backMs = 0) => {
    const sentAt = readInstant(clock);
    clock.stall(thereMs);
    const micros = serverMicros();
    clock.stall(backMs);
    return watch.saw(micros, sentAt);
  };
  return { clock, watch, server, serverMicros, ask };
}

describe('the clock of a server', () => {
  it('that jumps ahead is noticed, by how much, and once', () => {
    const { clock, server, ask } = setUp();
    expect(ask()).toBeUndefined();
    clock.stall(5_000);
    server.aheadMs = 700;

    expect(ask()).toBe(700);
    clock.stall(5_000);
    expect(ask()).toBeUndefined();
  });

  it('that jumps ahead by no more than what locks have room for is not minded', () => {
    const { server, ask } = setUp();
    ask();

    server.aheadMs = BUDGET_MS;
    expect(ask()).toBeUndefined();
    server.aheadMs = BUDGET_MS + 1;

    expect(ask()).toBe(BUDGET_MS + 1);
  });

  it('that jumps in small steps is noticed too', () => {
    const { clock, server, ask } = setUp();
    ask();
    const noticed = Array.from({ length: 5 }, () => {
      clock.stall(5_000);
      server.aheadMs += 30;
      return ask();
    });

    expect(noticed).toEqual([undefined, undefined, undefined, 120, undefined]);
  });

  it('that is noticed in the reply to something else, without knowing when that was sent, is noticed once', () => {
    const { clock, watch, server, serverMicros, ask } = setUp();
    ask();
    clock.stall(1_000);
    server.aheadMs = 5_000;

    expect(watch.saw(serverMicros())).toBe(5_000);
    clock.stall(1_000);

    expect(watch.saw(serverMicros())).toBeUndefined();
    expect(ask()).toBeUndefined();
  });

  it('that is set back lets nothing expire early, but is noticed when it is set right again', () => {
    const { clock, server, ask } = setUp();
    ask();
    server.aheadMs = -3_000;
    clock.stall(5_000);
    expect(ask()).toBeUndefined();

    server.aheadMs = 0;
    clock.stall(5_000);

    expect(ask()).toBe(3_000);
  });

  it('that was far off all the time is not minded', () => {
    const { clock, server, ask } = setUp();
    server.aheadMs = 3_600_000;

    ask();
    clock.stall(5_000);

    expect(ask()).toBeUndefined();
  });

  it.each([
    ['500 ppm and room for 102 ms', 1.0005, BUDGET_MS],
    ['500 ppm and room for 3 ms, as for a ttl of 100 ms', 1.0005, 3],
    ['2 500 ppm and room for 102 ms', 1.0025, BUDGET_MS],
  ])('that is a little fast for hours is not minded: %s', (_, rate, budgetMs) => {
    const { clock, server, ask } = setUp(budgetMs);
    server.rate = rate;

    for (let asked = 0; asked < 4_000; asked++) {
      expect(ask()).toBeUndefined();
      clock.stall(5_000);
    }
  });

  it('that is faster than the drift allowance is noticed', () => {
    const { clock, server, ask } = setUp();
    server.rate = 1.05;
    ask();
    clock.stall(5_000);

    expect(ask()).toBe(250);
  });
});

describe('what looks like a jump and is none', () => {
  it('is a slow network, in either direction', () => {
    const { clock, ask } = setUp();

    for (const [thereMs, backMs] of [
      [400, 0],
      [0, 400],
      [0, 0],
      [2_000, 2_000],
      [0, 0],
    ]) {
      expect(ask(thereMs, backMs)).toBeUndefined();
      clock.stall(5_000);
    }
  });

  it('is an event loop that was blocked while the answer waited', () => {
    const { clock, ask } = setUp();
    ask();
    clock.stall(5_000);

    expect(ask(0, 20_000)).toBeUndefined();
    clock.stall(5_000);
    expect(ask()).toBeUndefined();
  });

  it('is a machine of ours that slept, whose monotonic clock stood still', () => {
    const { clock, ask } = setUp();
    ask();

    clock.suspend(3_600_000);

    expect(ask()).toBeUndefined();
  });

  it('is a wall clock of ours that is set back', () => {
    const { clock, watch } = setUp();
    const serverMs = clock.wallNow();
    watch.saw(serverMs * 1_000, readInstant(clock));

    clock.suspend(-60_000);
    clock.stall(5_000);

    expect(watch.saw((serverMs + 5_000) * 1_000, readInstant(clock))).toBeUndefined();
  });
});

describe('a sample that was taken over a slow network', () => {
  it('is replaced by the next faster one, so that a jump does not hide in it', () => {
    const { clock, server, ask } = setUp();
    ask(600, 0);
    clock.stall(5_000);
    ask();
    clock.stall(5_000);
    server.aheadMs = 500;

    expect(ask()).toBe(500);
  });
});
