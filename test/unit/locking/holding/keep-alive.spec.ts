import {
  extendDelayMs,
  extendRetryDelayMs,
  KeepAlive,
  type KeptAlive,
} from '../../../../lib/locking/holding/keep-alive';
import { VirtualClock } from '../../../helpers/virtual-clock';

class FakeLease implements KeptAlive {
  queuePosition = -1;
  readonly attendedAtMs: number[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly next: () => number | null = () => null,
  ) {}

  attend(): number | null {
    this.attendedAtMs.push(this.clock.now());
    return this.next();
  }
}

function setUp() {
  const clock = new VirtualClock();
  return { clock, startMs: clock.now(), keepAlive: new KeepAlive(clock) };
}

describe('LeaseKeeper', () => {
  it('attends to every lease when it is due', async () => {
    const { clock, startMs, keepAlive } = setUp();
    const [a, b] = [new FakeLease(clock), new FakeLease(clock)];
    keepAlive.keep(a, startMs + 300);
    keepAlive.keep(b, startMs + 200);

    await clock.advance(500);

    expect(a.attendedAtMs).toEqual([startMs + 300]);
    expect(b.attendedAtMs).toEqual([startMs + 200]);
  });

  it('serves 10,000 leases with one timer', () => {
    const { clock, startMs, keepAlive } = setUp();

    for (let number = 0; number < 10_000; number++)
      keepAlive.keep(new FakeLease(clock), startMs + 1_000 + number);

    expect(clock.pendingTimers).toBe(1);
    expect(keepAlive.size).toBe(10_000);
  });

  it('moves its timer forward for a lease that is due earlier', async () => {
    const { clock, startMs, keepAlive } = setUp();
    keepAlive.keep(new FakeLease(clock), startMs + 900);
    const early = new FakeLease(clock);

    keepAlive.keep(early, startMs + 50);
    await clock.advance(50);

    expect(early.attendedAtMs).toEqual([startMs + 50]);
  });

  it('calls a lease again when it asked for that', async () => {
    const { clock, startMs, keepAlive } = setUp();
    const lease: FakeLease = new FakeLease(clock, () =>
      lease.attendedAtMs.length < 3 ? clock.now() + 100 : null,
    );
    keepAlive.keep(lease, startMs + 100);

    await clock.advance(1_000);

    expect(lease.attendedAtMs).toEqual([startMs + 100, startMs + 200, startMs + 300]);
    expect(keepAlive.size).toBe(0);
  });

  it('gives the others their turn when one is due again at once', async () => {
    const { clock, startMs, keepAlive } = setUp();
    const greedy: FakeLease = new FakeLease(clock, () =>
      greedy.attendedAtMs.length < 50 ? clock.now() : null,
    );
    const modest = new FakeLease(clock);
    keepAlive.keep(greedy, startMs + 100);
    keepAlive.keep(modest, startMs + 100);

    await clock.advance(100);

    expect(greedy.attendedAtMs).toHaveLength(50);
    expect(modest.attendedAtMs).toHaveLength(1);
  });

  it('attends to nobody who was dropped, and soon has no timer', async () => {
    const { clock, startMs, keepAlive } = setUp();
    const lease = new FakeLease(clock);
    keepAlive.keep(lease, startMs + 100);

    keepAlive.drop(lease);
    await clock.advance(1_000);

    expect(clock.pendingTimers).toBe(0);
    expect(lease.attendedAtMs).toEqual([]);
  });

  it('sets one timer for many leases that come and go one after another', () => {
    const { clock, startMs, keepAlive } = setUp();
    const schedule = jest.spyOn(clock, 'schedule');

    for (let i = 0; i < 100; i++) {
      const lease = new FakeLease(clock);
      keepAlive.keep(lease, startMs + 5_000);
      keepAlive.drop(lease);
    }

    expect(schedule).toHaveBeenCalledTimes(1);
  });

  it('has no timer at once when it is over', () => {
    const { clock, startMs, keepAlive } = setUp();
    const lease = new FakeLease(clock);
    keepAlive.keep(lease, startMs + 100);
    keepAlive.drop(lease);

    keepAlive.rest();

    expect(clock.pendingTimers).toBe(0);
  });

  it('attends to a lease that another one dropped in the same look no more than to say so', async () => {
    const { clock, startMs, keepAlive } = setUp();
    const second = new FakeLease(clock);
    const first = new FakeLease(clock, () => {
      keepAlive.drop(second);
      return null;
    });
    keepAlive.keep(first, startMs + 100);
    keepAlive.keep(second, startMs + 100);

    await clock.advance(5_000);

    expect(keepAlive.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('attends to all leases within a second when the machine slept', async () => {
    const { clock, startMs, keepAlive } = setUp();
    const leases = [new FakeLease(clock), new FakeLease(clock)];
    for (const lease of leases) keepAlive.keep(lease, startMs + 50_000);

    clock.suspend(30_000);
    await clock.advance(1_000);

    for (const lease of leases) expect(lease.attendedAtMs).toHaveLength(1);
  });

  it('bears clocks that differ a little', async () => {
    const { clock, startMs, keepAlive } = setUp();
    const lease = new FakeLease(clock);
    keepAlive.keep(lease, startMs + 50_000);

    for (let second = 0; second < 10; second++) {
      clock.setWall(second % 2 === 0 ? 90 : -90);
      await clock.advance(1_000);
    }

    expect(lease.attendedAtMs).toEqual([]);
  });

  it('adds small steps of the wall clock up, until they count', async () => {
    const { clock, startMs, keepAlive } = setUp();
    const lease = new FakeLease(clock, () => startMs + 50_000);
    keepAlive.keep(lease, startMs + 50_000);

    for (let second = 0; second < 4; second++) {
      clock.setWall(60);
      await clock.advance(1_000);
    }

    // 120 ms after two of them, and again after the next two.
    expect(lease.attendedAtMs).toHaveLength(2);
  });

  it('does not take a sleep from before the first lease for one of now', async () => {
    const { clock, startMs, keepAlive } = setUp();
    clock.suspend(30_000);
    const lease = new FakeLease(clock);
    keepAlive.keep(lease, startMs + 50_000);

    await clock.advance(3_000);

    expect(lease.attendedAtMs).toEqual([]);
  });
});

describe('the delay', () => {
  it('before an extension is about a third of the ttl, so that two may fail', () => {
    expect(extendDelayMs(9_000, 0.5)).toBeCloseTo(3_000);
    expect(extendDelayMs(9_000, 0)).toBeCloseTo(2_700);
    expect(extendDelayMs(9_000, 1 - Number.EPSILON)).toBeCloseTo(3_300);
  });

  it('before an extension is tried again fits into the ttl often, yet is never a hot loop', () => {
    expect(extendRetryDelayMs(10_000, 0.5)).toBe(500);
    expect(extendRetryDelayMs(2, 0)).toBe(5);
  });
});
