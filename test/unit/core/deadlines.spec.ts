import { Deadlines, type Limited } from '../../../lib/core/deadlines';
import { VirtualClock } from '../../helpers/virtual-clock';

class Task implements Limited {
  dueAtMs = 0;
  before: Limited | undefined;
  behind: Limited | undefined;

  constructor(
    private readonly name: string,
    private readonly ended: string[],
    private readonly deadlines: Deadlines,
  ) {}

  onDeadline(): void {
    this.ended.push(this.name);
    this.deadlines.remove(this);
  }
}

function setUp() {
  const clock = new VirtualClock();
  const deadlines = Deadlines.of(clock);
  const ended: string[] = [];
  const add = (name: string, timeoutMs: number) => {
    const task = new Task(name, ended, deadlines);
    deadlines.add(task, timeoutMs);
    return task;
  };
  return { clock, deadlines, ended, add };
}

describe('the deadlines of a clock', () => {
  it('come in the order of their times, whatever the order in which they were set, with one timer', async () => {
    const { clock, ended, add } = setUp();
    for (const [name, ms] of [
      ['c', 30],
      ['a', 10],
      ['d', 40],
      ['b', 20],
    ] as const)
      add(name, ms);
    expect(clock.pendingTimers).toBe(1);

    await clock.advance(35);

    expect(ended).toEqual(['a', 'b', 'c']);
  });

  it('lead nowhere any more when they were removed, so that they keep nothing in memory', () => {
    const { deadlines, add } = setUp();
    const [first, middle, last] = [add('a', 10), add('b', 20), add('c', 30)];

    deadlines.remove(middle);

    expect([middle.before, middle.behind]).toEqual([undefined, undefined]);
    expect([first.behind, last.before]).toEqual([last, first]);
  });

  it('set one timer for many rounds that come and go one after another', () => {
    const { clock, deadlines, add } = setUp();
    const schedule = jest.spyOn(clock, 'schedule');

    for (let i = 0; i < 100; i++) deadlines.remove(add('a', 10));

    expect(schedule).toHaveBeenCalledTimes(1);
  });

  it('come in time behind a timer that was set for others', async () => {
    const { clock, deadlines, ended, add } = setUp();
    deadlines.remove(add('a', 10));
    await clock.advance(5);
    add('b', 10);
    add('c', 2);

    await clock.advance(9);
    expect(ended).toEqual(['c']);
    await clock.advance(1);

    expect(ended).toEqual(['c', 'b']);
  });

  it('have no timer at once when nothing is to come, also for rounds that were under way then', () => {
    const { clock, deadlines, add } = setUp();
    const last = add('a', 10);

    deadlines.rest();
    expect(clock.pendingTimers).toBe(1);
    deadlines.remove(last);

    expect(clock.pendingTimers).toBe(0);
  });

  it('set no timer when there are none left', async () => {
    const { clock, deadlines, ended, add } = setUp();
    const [first, last] = [add('a', 10), add('b', 20)];

    deadlines.remove(last);
    deadlines.remove(first);
    await clock.advance(100);

    expect(clock.pendingTimers).toBe(0);
    expect(ended).toEqual([]);
  });
});
