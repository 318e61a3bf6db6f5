import { TurnsOwed } from '../../../../lib/locking/waiting/turns-owed';
import { VirtualClock } from '../../../helpers/virtual-clock';

function setUp() {
  const clock = new VirtualClock();
  return { clock, turnsOwed: new TurnsOwed(clock) };
}

describe('the turns that a process owes to others', () => {
  it('are taken over by its next caller, and by no other', () => {
    const { turnsOwed } = setUp();
    turnsOwed.owe(['a'], 3);

    expect(turnsOwed.take(['a'])).toBe(3);
    expect(turnsOwed.take(['a'])).toBe(0);
  });

  it('are those of the resource that most wait for', () => {
    const { turnsOwed } = setUp();
    turnsOwed.owe(['a'], 3);
    turnsOwed.owe(['b'], 5);

    expect(turnsOwed.take(['a', 'b', 'c'])).toBe(5);
    expect(turnsOwed.isEmpty).toBe(true);
  });

  it('are owed no longer after 50 ms, when the others have taken it or do not want it', () => {
    const { clock, turnsOwed } = setUp();
    turnsOwed.owe(['a', 'b'], 3);

    clock.stall(49);
    expect(turnsOwed.take(['a'])).toBe(3);
    clock.stall(1);

    expect(turnsOwed.take(['b'])).toBe(0);
  });

  it('are forgotten when nobody takes them', async () => {
    const { clock, turnsOwed } = setUp();
    turnsOwed.owe(['a'], 3);
    await clock.advance(80);
    turnsOwed.owe(['b'], 1);

    await clock.advance(1_000);

    expect(turnsOwed.isEmpty).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are one in 100 ms where others may wait who are not counted', async () => {
    const { clock, turnsOwed } = setUp();
    const owed: number[] = [];
    for (let atMs = 0; atMs <= 250; atMs += 25) {
      turnsOwed.owe(['a'], 0, true);
      owed.push(turnsOwed.take(['a']));
      clock.stall(25);
    }

    expect(owed).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
    turnsOwed.owe(['a'], 2, true);
    expect(turnsOwed.take(['a'])).toBe(2);
    await clock.advance(1_000);
    expect(turnsOwed.isEmpty).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});
