import { driftMs, earlierOf, remainingMs, validityFrom } from '../../../lib/core/validity';
import { readInstant } from '../../../lib/ports/times';
import { VirtualClock } from '../../helpers/virtual-clock';

describe('validity', () => {
  it('ends before the ttl, by 1 % for the rates of the clocks and 2 ms for the precision of a node', () => {
    expect(driftMs(10_000)).toBe(102);
    expect(driftMs(100)).toBe(3);
  });

  it('is counted from the start that is given, and not from now', () => {
    const clock = new VirtualClock();
    const start = readInstant(clock);

    clock.stall(400);

    expect(remainingMs(clock, validityFrom(start, 1_000))).toBe(1_000 - 12 - 400);
  });

  it('is 0 and never negative once it is over', () => {
    const clock = new VirtualClock();
    const validity = validityFrom(readInstant(clock), 100);

    clock.stall(98);

    expect(remainingMs(clock, validity)).toBe(0);
  });

  it('is over when the wall clock says so, although the monotonic clock stood still', () => {
    const clock = new VirtualClock();
    const validity = validityFrom(readInstant(clock), 1_000);

    clock.suspend(988);

    expect(remainingMs(clock, validity)).toBe(0);
  });

  it('does not grow when the wall clock is set back', () => {
    const clock = new VirtualClock();
    const validity = validityFrom(readInstant(clock), 1_000);

    clock.suspend(-60_000);

    expect(remainingMs(clock, validity)).toBe(988);
  });

  it('takes the earlier of two on each clock by itself', () => {
    const a = { validUntilMs: 1, validUntilWallMs: 20 };
    const b = { validUntilMs: 2, validUntilWallMs: 10 };

    expect(earlierOf(a, b)).toEqual({ validUntilMs: 1, validUntilWallMs: 10 });
    expect(earlierOf(b, a)).toEqual({ validUntilMs: 1, validUntilWallMs: 10 });
  });
});
