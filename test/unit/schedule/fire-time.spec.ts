import { fireTime, repeatsWithinMs, runId, type CronTime } from '../../../lib/schedule/fire-time';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A schedule with a date every so often. */
function every(ms: number): CronTime & { asked: number } {
  return {
    asked: 0,
    getNextDateFrom(start) {
      this.asked += 1;
      return { toMillis: () => (Math.floor(start.getTime() / ms) + 1) * ms };
    },
  };
}

describe('the date for which a job is called', () => {
  const at = Date.UTC(2026, 10, 29, 12);

  it.each([
    ['at once', 0],
    ['a little later', 7],
    ['while the event loop was blocked', 3_500],
    ['after half a minute', 30_000],
  ])('is that of its schedule: %s', (_, lateMs) => {
    expect(fireTime(every(MINUTE_MS), at + lateMs)).toBe(at);
  });

  it('is the last one that is over, of a schedule by the second', () => {
    const schedule = every(1_000);

    expect(fireTime(schedule, at + 2_700)).toBe(at + 2_000);
    expect(schedule.asked).toBeLessThan(6);
  });

  it('is not known when there was none in the last hour', () => {
    expect(fireTime(every(24 * HOUR_MS), Date.UTC(2026, 10, 29, 12))).toBeUndefined();
  });
});

describe('what tells a run from the others', () => {
  // On 2026-10-25 the clocks of Berlin go back from 3:00 to 2:00.
  const first = Date.UTC(2026, 9, 25, 0, 30);
  const second = first + HOUR_MS;
  const zone = 'Europe/Berlin';

  it.each([['30 2 * * *'], ['0 30 2 * * *'], ['30 2,14 * * 0']])(
    'is the time on the clocks for fixed hours, where an hour comes twice: %s',
    (source) => {
      expect(runId(source, first, zone)).toBe('2026-10-25 02:30:00');
      expect(runId(source, second, zone)).toBe(runId(source, first, zone));
      expect(repeatsWithinMs(source, first, zone)).toBe(1.25 * HOUR_MS);
    },
  );

  it.each([['*/10 * * * *'], ['0 */10 * * * *'], ['30 * * * *'], ['* * * * * *'], [new Date()]])(
    'is the time itself for what runs every hour or more often: %s',
    (source) => {
      expect(runId(source, first, zone)).toBe('2026-10-25T00:30:00.000Z');
      expect(runId(source, second, zone)).not.toBe(runId(source, first, zone));
      expect(repeatsWithinMs(source, first, zone)).toBe(0);
    },
  );

  it('needs no longer memory on any other day, and in the second of the two hours', () => {
    expect(repeatsWithinMs('30 2 * * *', second, zone)).toBe(0);
    expect(repeatsWithinMs('30 2 * * *', first - 24 * HOUR_MS, zone)).toBe(0);
  });

  it('knows zones that go back by half an hour', () => {
    // Lord Howe Island, on 2026-04-05 from 2:00 to 1:30.
    const at = Date.UTC(2026, 3, 4, 14, 45);

    expect(runId('45 1 * * *', at, 'Australia/Lord_Howe')).toBe('2026-04-05 01:45:00');
    expect(repeatsWithinMs('45 1 * * *', at, 'Australia/Lord_Howe')).toBe(0.75 * HOUR_MS);
  });
});
