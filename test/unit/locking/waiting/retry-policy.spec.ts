import type { FailedAttempt } from '../../../../lib/core/attempt';
import { RetryPolicy } from '../../../../lib/locking/waiting/retry-policy';
import { VirtualClock } from '../../../helpers/virtual-clock';

const SPLIT: FailedAttempt = {
  outcome: 'busy',
  votes: [],
  freeInMs: undefined,
  isSplit: true,
  holder: undefined,
};
const TOLD = { isHeld: false, isTold: true, isFirst: false, isBehind: false };

function setUp() {
  const clock = new VirtualClock();
  const pace = new RetryPolicy({ clock, fraction: () => 0.5 }, clock.now());
  let attempts = 0;
  /** An attempt fails, and the next one begins after its delay. */
  const collide = () => {
    const sleptMs = pace.sleepMs(SPLIT, ++attempts, TOLD);
    clock.stall(sleptMs);
    return { sleptMs, leaderFirst: pace.begin() };
  };
  return { pace, collide };
}

describe('a waiter whose votes were split', () => {
  it('asks the leading node first, and every other time all nodes', () => {
    const { collide } = setUp();

    const asked = Array.from({ length: 4 }, () => collide().leaderFirst);

    expect(asked).toEqual([true, false, true, false]);
  });

  it('waits longer each time, and takes it for held when it has happened four times in a row', () => {
    const { collide } = setUp();

    const delays = Array.from({ length: 5 }, () => collide().sleptMs);

    expect(delays.slice(0, 4)).toEqual([2, 4, 8, 16]);
    expect(delays[4]).toBeGreaterThan(16);
  });

  it('takes it for chance again when the nodes have told of a release', () => {
    const { pace, collide } = setUp();
    for (let time = 0; time < 4; time++) collide();

    pace.hear(false);

    expect(collide()).toEqual({ sleptMs: 2, leaderFirst: true });
  });
});

describe('a waiter that hears of a vote of its own after denials', () => {
  const HELD: FailedAttempt = { ...SPLIT, isSplit: false, freeInMs: 60_000 };

  it('asks as soon as after split votes, and makes sure afterwards that somebody holds the resource', () => {
    const { pace } = setUp();
    const confirmMs = pace.sleepMs(HELD, 1, TOLD);

    expect(pace.learnOfSplit()).toBe(2);
    expect(pace.sleepMs(HELD, 2, TOLD)).toBe(confirmMs);
    expect(pace.sleepMs(HELD, 3, TOLD)).toBeGreaterThan(confirmMs);
  });

  it('changes nothing if its attempt was taken as split already', () => {
    const { pace, collide } = setUp();
    collide();

    expect(pace.learnOfSplit()).toBeUndefined();
    expect(collide().sleptMs).toBe(4);
  });

  it('learns of it once for an attempt, and takes it for held after four times in a row', () => {
    const { pace } = setUp();
    const learn = () => {
      pace.sleepMs(HELD, 1, TOLD);
      return [pace.learnOfSplit(), pace.learnOfSplit()];
    };

    expect([learn(), learn(), learn(), learn(), learn()]).toEqual([
      ...[2, 4, 8, 16].map((delayMs) => [delayMs, undefined]),
      [undefined, undefined],
    ]);
  });
});

describe('a waiter that would hear of a release', () => {
  it('makes sure sooner that somebody holds the resource if all others in line wait for it', () => {
    const held = { ...SPLIT, isSplit: false, freeInMs: 60_000 };

    const inTurn = setUp().pace.sleepMs(held, 1, { ...TOLD, isFirst: true });

    expect(inTurn).toBeLessThan(setUp().pace.sleepMs(held, 1, TOLD));
  });

  it('asks again soon if it was denied in its turn, as after split votes', () => {
    const held = { ...SPLIT, isSplit: false, freeInMs: 3_000 };
    const { pace } = setUp();

    pace.hear(false, true);

    expect([1, 2].map((attempt) => pace.sleepMs(held, attempt, TOLD))).toEqual([2, 4]);
  });

  it('asks no second time where others stand before it in line, since the first of them does', () => {
    const held = { ...SPLIT, isSplit: false, freeInMs: 3_000 };

    expect(setUp().pace.sleepMs(held, 1, { ...TOLD, isBehind: true })).toBeGreaterThan(3_000);
  });

  it.each([
    ['for a while', 3_000, 3_000],
    ['for a day', 86_400_000, 10_000],
    ['for ever', Infinity, 10_000],
    ['nobody knows for how long', undefined, 1_000],
  ])('asks again where it is held %s, since a key may be deleted by hand', (_, freeInMs, expected) => {
    const { pace } = setUp();
    const held = { ...SPLIT, isSplit: false, freeInMs };
    pace.sleepMs(held, 1, TOLD);

    expect(Math.floor(pace.sleepMs(held, 2, TOLD) / 100) * 100).toBe(expected);
  });
});
