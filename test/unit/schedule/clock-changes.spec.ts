import { fireTime, isBeforeItsDate, runId } from '../../../lib/schedule/fire-time';
import { cronTime, realTime, virtualTime } from '../../helpers/real-cron';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** A process is called by its timer as late as this. */
const LATE_MS = 3;

afterEach(realTime);

/**
 * The names of the runs in these hours. `cron` may call the job more often.
 *
 * @param called gets the dates for which `cron` calls the job
 */
function runsBetween(
  source: string,
  timeZone: string,
  fromMs: number,
  toMs: number,
  called = new Set<number>(),
): string[] {
  const dates = cronTime(source, { timeZone });
  const runs = new Set<string>();
  for (let nowMs = fromMs; ;) {
    virtualTime(nowMs);
    const atMs = dates.sendAt().toMillis();
    const calledMs = Math.max(atMs, nowMs + 1) + LATE_MS;
    if (calledMs > toMs) return [...runs];
    called.add(atMs);
    virtualTime(calledMs);
    const fire = fireTime(dates, calledMs);
    if (fire !== undefined && !isBeforeItsDate(dates, fire)) runs.add(runId(dates, fire));
    nowMs = calledMs;
  }
}

/** Daily jobs around the time at which clocks change, the last two of them not at a full minute. */
function jobsAround(minuteOfDay: number): string[] {
  return [-60, -30, 0, 30, 60, 90, 15, 75].map((distance, i) => {
    const minute = (minuteOfDay + distance + DAY_MINUTES) % DAY_MINUTES;
    return `${i < 6 ? 0 : 20} ${minute % 60} ${Math.floor(minute / 60)} * * *`;
  });
}

describe('when clocks change', () => {
  it.each([
    ['America/New_York', 'forward', '2026-03-08T07:00:00Z'],
    ['America/New_York', 'back', '2026-11-01T06:00:00Z'],
    ['Europe/Berlin', 'forward', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', 'back', '2026-10-25T01:00:00Z'],
    // Its standard time is called summer time, and winter time is an exception to it.
    ['Europe/Dublin', 'forward', '2026-03-29T01:00:00Z'],
    // Clocks are ahead on 1 January.
    ['Australia/Sydney', 'forward', '2026-10-03T16:00:00Z'],
    ['Australia/Sydney', 'back', '2026-04-04T16:00:00Z'],
    ['America/Santiago', 'forward at midnight', '2026-09-06T04:00:00Z'],
    ['America/Santiago', 'back at midnight', '2026-04-05T03:00:00Z'],
    ['Africa/Casablanca', 'forward after Ramadan', '2026-03-22T02:00:00Z'],
    ['America/Havana', 'forward at midnight', '2026-03-08T05:00:00Z'],
    ['Africa/Cairo', 'back at midnight', '2026-10-29T21:00:00Z'],
    ['Australia/Lord_Howe', 'forward by half an hour', '2026-10-03T15:30:00Z'],
    ['Australia/Lord_Howe', 'back by half an hour', '2026-04-04T15:00:00Z'],
    ['Antarctica/Troll', 'forward by two hours', '2026-03-29T01:00:00Z'],
  ])('a daily job runs once in that night: %s, %s', (timeZone, _, changesAt) => {
    const atMs = Date.parse(changesAt);
    const { zone } = cronTime('0 0 * * *', { timeZone }).sendAt();
    const dayOf = (offset: number, ms: number) => Math.floor((ms / MINUTE_MS + offset) / DAY_MINUTES);
    // Between two noons of the zone there is each time of the night once.
    const [before, after] = [zone.offset(atMs - 1), zone.offset(atMs)];
    const night = dayOf(before, atMs + DAY_MINUTES * 30_000) * DAY_MINUTES - DAY_MINUTES / 2;
    const [from, to] = [(night - before) * MINUTE_MS, (night + DAY_MINUTES - after) * MINUTE_MS];
    const runs = jobsAround((atMs / MINUTE_MS + before) % DAY_MINUTES).map(
      (source) => [source, runsBetween(source, timeZone, from, to)] as const,
    );

    expect(runs.filter(([, names]) => names.length !== 1)).toEqual([]);
  });

  it.each([
    ['hourly', '0 * * * *', ['14:00', '15:30', '16:30']],
    ['every half hour', '*/30 * * * *', ['14:00', '14:30', '15:00', '15:30', '16:00', '16:30']],
    ['at other minutes', '15,45 * * * *', ['14:15', '14:45', '15:15', '15:45', '16:15', '16:45']],
  ])(
    'a job of all hours runs at each of its times that cron calls, where clocks go back by half an hour: %s',
    (_, source, times) => {
      // The clocks of the island go from 2:00 to 1:30, and from 1:00 until 3:30 there are three hours.
      const from = Date.parse('2026-04-04T13:55:00Z');
      const to = Date.parse('2026-04-04T16:55:00Z');
      const called = new Set<number>();

      const runs = runsBetween(source, 'Australia/Lord_Howe', from, to, called);

      // Version 3 of `cron` calls nobody in the half hour that comes a second time.
      const due = times.filter((time) => called.has(Date.parse(`2026-04-04T${time}:00Z`)));
      expect(due.length).toBeGreaterThan(times.length / 2);
      expect(runs).toHaveLength(due.length);
    },
  );
});
