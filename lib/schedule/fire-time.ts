/** The part of a CronTime of the package `cron` that is used. */
export interface CronTime {
  /** The expression, or the date of a job that runs once, as a luxon DateTime. */
  readonly source: unknown;
  /** The hours of the expression, as keys. */
  readonly hour: object;
  /** The minutes of the expression, as keys. */
  readonly minute: object;
  /** Returns the next date from now on, in the zone of the job. */
  sendAt(): CronDate;
  /** Returns the next date of the expression after `start`. Without `zone` it would use the zone of the process. */
  getNextDateFrom(start: Date, zone: CronZone): CronDate;
}

/** A luxon DateTime. */
export interface CronDate {
  toMillis(): number;
  readonly zone: CronZone;
}

/** A luxon Zone. */
export interface CronZone {
  /** The minutes by which the clocks of the zone are ahead of UTC at that time. */
  offset(atMs: number): number;
}

/** The date for which a job is called. */
export interface FireTime {
  readonly atMs: number;
  /** The zone of an expression. Undefined: the job has one date, and runs once. */
  readonly zone: CronZone | undefined;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** No clocks are put back, or forward, by more than this at once. */
const LONGEST_SHIFT_MS = 3 * HOUR_MS;
/** Timers are usually late by milliseconds, and not by more than this. */
const USUALLY_LATE_MS = 2 * SECOND_MS;
/** This is more than the four years from one 29 February to the next. */
const FARTHEST_MS = 5 * 366 * 24 * HOUR_MS;

/**
 * The date for which a job is called now: the last date that is over, however long ago. So a process whose timer
 * or clock is late gets the same date as the others. Undefined if the expression has no date in five years.
 */
export function fireTime(cronTime: CronTime, nowMs: number): FireTime | undefined {
  if (isDate(cronTime.source)) return { atMs: cronTime.source.toMillis(), zone: undefined };
  const { zone } = cronTime.sendAt();
  const after = (ms: number) => cronTime.getNextDateFrom(new Date(ms), zone).toMillis();
  let noneAfterMs = nowMs;
  for (let backMs = USUALLY_LATE_MS; backMs <= FARTHEST_MS; backMs *= 4) {
    const fromMs = nowMs - backMs;
    if (after(fromMs) <= nowMs) return { atMs: lastUntil(nowMs, fromMs, noneAfterMs, after), zone };
    noneAfterMs = fromMs;
  }
  return undefined;
}

/** The last date until `nowMs`, if there is one after `fromMs`, and none after `noneAfterMs`. */
function lastUntil(
  nowMs: number,
  fromMs: number,
  noneAfterMs: number,
  after: (ms: number) => number,
): number {
  let from = fromMs;
  let to = noneAfterMs;
  // The search halves the time. A schedule by the second has many dates in the hours in which a process was
  // suspended.
  while (to - from > USUALLY_LATE_MS) {
    const middle = Math.floor((from + to) / 2);
    if (after(middle) <= nowMs) from = middle;
    else to = middle;
  }
  let last = after(from);
  // When clocks go back, `cron` can return a date a second time.
  for (let next = after(last); next <= nowMs && next > last; next = after(next)) last = next;
  return last;
}

/**
 * The name of a run, which tells it from other runs of the job: its time in UTC. So a date keeps its name if a
 * deployment changes the hours of the job, or its zone.
 *
 * A job with fixed hours, such as `30 2 * * *`, runs once when clocks go back and show an hour twice: there both dates
 * have the name of the first one. A job with all hours, which runs every hour or more often, runs in both.
 */
export function runId(cronTime: CronTime, { atMs, zone }: FireTime): string {
  const isShownTwice = zone !== undefined && hasFixedHours(cronTime);
  return new Date(isShownTwice ? firstShown(atMs, zone) : atMs).toISOString();
}

/** The first time at which the clocks of a zone showed what they show at `atMs`. */
function firstShown(atMs: number, zone: CronZone): number {
  const putBackMs = (zone.offset(atMs - LONGEST_SHIFT_MS) - zone.offset(atMs)) * MINUTE_MS;
  const firstMs = atMs - putBackMs;
  return putBackMs > 0 && onTheClock(firstMs, zone) === onTheClock(atMs, zone) ? firstMs : atMs;
}

/**
 * Tells if `cron` calls a job before its date. When clocks go back from 2:00 to 1:00, `cron` calls a job for 2:30 at
 * the second 1:30, and again an hour later, at 2:30. A job that is called because clocks went forward is not
 * before its date: they left out the time that it names, and there is no other call for it.
 */
export function isBeforeItsDate(cronTime: CronTime, { atMs, zone }: FireTime): boolean {
  return (
    zone !== undefined && !names(cronTime, onTheClock(atMs, zone)) && !isForTimeLeftOut(cronTime, atMs, zone)
  );
}

/**
 * Tells if clocks went forward and left out a time of the job for which it is called now. `cron` calls the job for
 * 2:30 at the first minute after the time that is left out, at 3:00. But it calls the job at 3:30, two and a half hours
 * after midnight, if the clocks of the zone are ahead on 1 January, as in the southern half of the earth.
 */
function isForTimeLeftOut(cronTime: CronTime, atMs: number, zone: CronZone): boolean {
  const before = zone.offset(atMs - LONGEST_SHIFT_MS);
  const leftOut = zone.offset(atMs) - before;
  if (leftOut <= 0) return false;
  const isFirstMinute = zone.offset(atMs - MINUTE_MS) === before;
  const candidates = Array.from({ length: isFirstMinute ? leftOut : 1 }, (_, minute) => before + minute);
  return candidates.some((offset) => names(cronTime, onTheClock(atMs, { offset: () => offset })));
}

/** Tells if the expression has this hour and minute. */
function names({ hour, minute }: CronTime, onClock: string): boolean {
  return Number(onClock.slice(11, 13)) in hour && Number(onClock.slice(14, 16)) in minute;
}

/** The least time for which a run has to be remembered when clocks show its hour twice. */
export function repeatsWithinMs(cronTime: CronTime, { atMs, zone }: FireTime): number {
  if (zone === undefined || !hasFixedHours(cronTime)) return 0;
  const shiftMs = (zone.offset(atMs) - zone.offset(atMs + LONGEST_SHIFT_MS)) * MINUTE_MS;
  const isShownAgain = shiftMs > 0 && onTheClock(atMs + shiftMs, zone) === onTheClock(atMs, zone);
  return isShownAgain ? shiftMs + HOUR_MS / 4 : 0;
}

function hasFixedHours({ hour }: CronTime): boolean {
  return Object.keys(hour).length < 24;
}

function isDate(source: unknown): source is CronDate {
  return typeof source === 'object' && source !== null && 'toMillis' in source;
}

function onTheClock(atMs: number, zone: CronZone): string {
  return new Date(atMs + zone.offset(atMs) * MINUTE_MS).toISOString();
}
