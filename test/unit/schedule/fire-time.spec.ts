import {
  fireTime,
  isBeforeItsDate,
  repeatsWithinMs,
  runId,
  type CronTime,
  type FireTime,
} from '../../../lib/schedule/fire-time';
import { cronTime, realTime, virtualTime } from '../../helpers/real-cron';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const time = (text: string) => Date.parse(text);

afterEach(realTime);

/** As a process that is called then sees it. */
function nameAt(dates: CronTime, nowMs: number, zoneOfProcess?: string): string | undefined {
  virtualTime(nowMs, zoneOfProcess);
  const fire = fireTime(dates, nowMs);
  return fire === undefined ? undefined : runId(dates, fire);
}

describe('the name of a run', () => {
  it.each([
    ['every five minutes on weekdays', '*/5 * * * 1-5', { timeZone: 'Asia/Tokyo' }, '2026-11-29T15:05:00Z'],
    ['at a fixed hour', '0 3 * * *', { timeZone: 'Europe/Berlin' }, '2026-11-29T02:00:00Z'],
    [
      'on a day that is not yet here',
      '0 * 30 * *',
      { timeZone: 'Pacific/Kiritimati' },
      '2026-11-29T10:00:00Z',
    ],
    ['by an offset', '0 * 30 * *', { utcOffset: 840 }, '2026-11-29T10:00:00Z'],
    ['by an offset of half an hour', '0 9 * * *', { utcOffset: -570 }, '2026-11-29T18:30:00Z'],
    ['in a zone that only luxon knows', '0 9 * * *', { timeZone: 'UTC+9' }, '2026-11-29T00:00:00Z'],
    ['once a year', '0 0 1 1 *', { timeZone: 'Pacific/Kiritimati' }, '2025-12-31T10:00:00Z'],
    ['on each 29 February', '0 0 29 2 *', { timeZone: 'Asia/Tokyo' }, '2024-02-28T15:00:00Z'],
    ['where clocks go forward', '30 2 * * *', { timeZone: 'Europe/Berlin' }, '2026-03-29T01:00:00Z'],
    ['daily where midnight comes twice', '@daily', { timeZone: 'America/Havana' }, '2026-11-01T04:00:00Z'],
    ['without a zone of its own', '0 3 * * *', {}, undefined],
  ])(
    'is that of its date in all processes, however late, and wherever they are: %s',
    (_, source, zone, at) => {
      virtualTime(time('2026-11-29T00:00:00Z'), 'Asia/Tokyo');
      const dates = cronTime(source, zone);
      const atMs = at === undefined ? dates.sendAt().toMillis() : time(at);
      const names = new Set<string | undefined>();
      for (const lateMs of [0, 1_600, 4 * MINUTE_MS]) {
        // Without a zone of its own a job has other dates in the process of another zone.
        for (const process of at === undefined ? ['Asia/Tokyo'] : ['America/New_York', 'Asia/Tokyo']) {
          names.add(nameAt(dates, atMs + lateMs, process));
        }
      }

      expect([...names]).toEqual([new Date(atMs).toISOString()]);
    },
  );

  it.each([
    ['a process that was suspended for hours', '0 3 * * *', 5 * HOUR_MS],
    ['one that was suspended for weeks', '0 0 1 1 *', 20 * DAY_MS],
    ['a schedule by the second on one day of the year', '* * 3 1 1 *', 300 * DAY_MS],
  ])('is that of the last date of %s', (_, source, lateMs) => {
    const dates = cronTime(source, { timeZone: 'UTC' });
    const last = { '0 3 * * *': '03:00:00', '0 0 1 1 *': '00:00:00', '* * 3 1 1 *': '03:59:59' }[source];

    expect(nameAt(dates, time(`2026-01-01T${last ?? ''}Z`) + lateMs)).toBe(`2026-01-01T${last ?? ''}.000Z`);
  });

  it.each<[string, ...[source: string, timeZone: string][]]>([
    [
      'hours',
      ['30 2 * * *', 'Europe/Berlin'],
      ['30 * * * *', 'Europe/Berlin'],
      ['30 2,3 * * *', 'Europe/Berlin'],
    ],
    ['zone', ['30 2 * * *', 'Europe/Berlin'], ['30 1 * * *', 'Europe/London'], ['30 1 * * *', 'UTC']],
  ])('stays the same for a date when a deployment changes the %s of a job', (_, ...versions) => {
    const atMs = time('2026-11-29T01:30:00Z');

    const names = versions.map(([source, timeZone]) => nameAt(cronTime(source, { timeZone }), atMs));

    expect(names).toEqual(versions.map(() => '2026-11-29T01:30:00.000Z'));
  });

  it('is that of the last second of a schedule by the second', () => {
    const dates = cronTime('* * * * * *', { timeZone: 'Asia/Tokyo' });

    expect(nameAt(dates, time('2026-11-29T12:00:02.700Z'))).toBe('2026-11-29T12:00:02.000Z');
    expect(nameAt(dates, time('2026-11-29T12:00:03Z'))).toBe('2026-11-29T12:00:03.000Z');
  });

  it('is the date of a job that has one', () => {
    const dates = cronTime(new Date('2026-11-29T12:00:00.250Z'));

    expect(nameAt(dates, time('2026-11-29T12:00:05Z'), 'Asia/Tokyo')).toBe('2026-11-29T12:00:00.250Z');
  });

  it('is not there for a schedule without dates', () => {
    const never: CronTime = {
      source: '0 0 30 2 *',
      hour: {},
      minute: {},
      sendAt: () => ({ toMillis: () => Infinity, zone: { offset: () => 0 } }),
      getNextDateFrom: () => ({ toMillis: () => Infinity, zone: { offset: () => 0 } }),
    };

    expect(fireTime(never, time('2026-11-29T12:00:00Z'))).toBeUndefined();
  });
});

describe('a run in an hour that clocks show twice', () => {
  // On 2026-10-25 the clocks of Berlin go back from 3:00 to 2:00.
  const first = time('2026-10-25T00:30:00Z');
  const second = first + HOUR_MS;

  /** A job of this expression, and two runs at these times. */
  function two(source: string, timeZone: string, ...times: [number, number]) {
    const dates = cronTime(source, { timeZone });
    const { zone } = dates.sendAt();
    const fires = times.map((atMs): FireTime => ({ atMs, zone })) as [FireTime, FireTime];
    const [name, nameOfSecond] = fires.map((fire) => runId(dates, fire));
    return {
      name,
      nameOfSecond,
      keepMs: repeatsWithinMs(dates, fires[0]),
      keepSecondMs: repeatsWithinMs(dates, fires[1]),
    };
  }

  it.each([['30 2 * * *'], ['0 30 2 * * *'], ['30 2,14 * * 0'], ['30 */2 * * *'], ['30 0-22 * * *']])(
    'is one run for fixed hours, and is remembered until then: %s',
    (source) => {
      expect(two(source, 'Europe/Berlin', first, second)).toEqual({
        ...{ name: '2026-10-25T00:30:00.000Z', nameOfSecond: '2026-10-25T00:30:00.000Z' },
        ...{ keepMs: 1.25 * HOUR_MS, keepSecondMs: 0 },
      });
    },
  );

  it.each([
    ['30 * * * *'],
    ['*/10 * * * *'],
    ['* * * * * *'],
    ['30 */1 * * *'],
    ['30 0-23 * * *'],
    ['30 0-23/1 * * *'],
    ['0 30 0-11,12-23 * * *'],
    [`30 ${[...Array(24).keys()].join()} * * *`],
    ['@hourly'],
  ])('is a run of its own for what names all hours: %s', (source) => {
    expect(two(source, 'Europe/Berlin', first, second)).toEqual({
      ...{ name: '2026-10-25T00:30:00.000Z', nameOfSecond: '2026-10-25T01:30:00.000Z' },
      ...{ keepMs: 0, keepSecondMs: 0 },
    });
  });

  it('is remembered no longer on any other day', () => {
    expect(two('30 2 * * *', 'Europe/Berlin', first - DAY_MS, second + DAY_MS)).toMatchObject({
      ...{ keepMs: 0, keepSecondMs: 0 },
    });
  });

  it('is known in zones that go back by half an hour, and at midnight', () => {
    const island = time('2026-04-04T14:45:00Z');
    const midnight = time('2026-11-01T04:00:00Z');

    expect(two('45 1 * * *', 'Australia/Lord_Howe', island, island + HOUR_MS / 2)).toMatchObject({
      name: '2026-04-04T14:45:00.000Z',
      nameOfSecond: '2026-04-04T14:45:00.000Z',
      keepMs: 0.75 * HOUR_MS,
    });
    expect(two('@daily', 'America/Havana', midnight, midnight + HOUR_MS)).toMatchObject({
      name: '2026-11-01T04:00:00.000Z',
      nameOfSecond: '2026-11-01T04:00:00.000Z',
      keepMs: 1.25 * HOUR_MS,
    });
  });
});

describe('a call before the date of a job', () => {
  const isBefore = (source: string, timeZone: string, at: string) => {
    const dates = cronTime(source, { timeZone });
    return isBeforeItsDate(dates, { atMs: time(at), zone: dates.sendAt().zone });
  };

  it.each([
    ['Africa/Cairo', '2026-10-29T21:00:00Z'],
    ['Asia/Beirut', '2026-10-24T21:00:00Z'],
    ['America/Santiago', '2027-04-04T03:00:00Z'],
  ])('is one at 23:00 for midnight, where clocks have just gone back to it: %s', (zone, at) => {
    expect(isBefore('0 0 * * *', zone, at)).toBe(true);
    expect(isBefore('@daily', zone, at)).toBe(true);
    expect(isBefore('0 0 * * *', zone, new Date(time(at) + HOUR_MS).toISOString())).toBe(false);
    expect(isBefore('0 0 * * *', zone, new Date(time(at) - 24 * HOUR_MS).toISOString())).toBe(false);
    expect(isBefore('0 23 * * *', zone, at)).toBe(false);
    expect(isBefore('0 * * * *', zone, at)).toBe(false);
  });

  // Here clocks go back from 2:00 to 1:00, and from 3:00 to 2:00.
  it.each([
    ['America/New_York', '30 2 * * *', '2026-11-01T06:30:00Z'],
    ['America/New_York', '0,30 2,4 * * 0', '2026-11-01T06:00:00Z'],
    ['Europe/Berlin', '30 3 * * *', '2026-10-25T01:30:00Z'],
    ['Africa/Cairo', '30 0 * * *', '2026-10-29T21:30:00Z'],
    ['Australia/Lord_Howe', '30 2 * * *', '2026-04-04T14:30:00Z'],
  ])('is one in the hour that is shown twice, for the hour after it: %s, %s', (zone, source, at) => {
    expect(isBefore(source, zone, at)).toBe(true);
    const nextHour = new Date(time(at) + HOUR_MS).toISOString();
    // On the island clocks go back by half an hour, and this call is before that already.
    if (zone !== 'Australia/Lord_Howe') expect(isBefore(source, zone, nextHour)).toBe(false);
    expect(isBefore('*/30 * * * *', zone, at)).toBe(false);
  });

  it.each([
    [
      'where clocks go forward, and the hour is left out',
      '30 2 * * *',
      'America/New_York',
      '2026-03-08T07:00:00Z',
    ],
    [
      'where clocks go forward, and the date is left out',
      '30 0 * * *',
      'America/Havana',
      '2027-03-14T05:00:00Z',
    ],
    [
      'where clocks go forward, at the seconds of the job',
      '30 30 2 * * *',
      'America/New_York',
      '2026-03-08T07:00:30Z',
    ],
    [
      'where clocks go forward, and are ahead on 1 January',
      '30 2 * * *',
      'Australia/Sydney',
      '2026-10-03T16:30:00Z',
    ],
    ['at the first of two midnights', '0 0 * * *', 'America/Havana', '2026-11-01T04:00:00Z'],
    ['at the second of two midnights', '0 0 * * *', 'America/Havana', '2026-11-01T05:00:00Z'],
    ['on any other day', '0 0 * * *', 'Europe/Berlin', '2026-11-29T23:00:00Z'],
  ])('is none %s', (_, source, zone, at) => {
    expect(isBefore(source, zone, at)).toBe(false);
  });
});
