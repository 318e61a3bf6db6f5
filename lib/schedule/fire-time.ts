/** The part of a CronTime of the package `cron` that is used. */
export interface CronTime {
  /** The next date of the schedule after `start`; a luxon DateTime. */
  getNextDateFrom(start: Date): { toMillis(): number };
}

const SECOND_MS = 1_000;
/** How far a timer may be late and still be known as that of its date. */
const LATEST_MS = 60 * 60 * SECOND_MS;

/**
 * The date of the schedule for which a job is called now: the last one that is over. Undefined when there is none in the
 * last hour. A process whose timer or clock is late gets the date for which the others were called too.
 */
export function fireTime(cronTime: CronTime, nowMs: number): number | undefined {
  // A timer is late by milliseconds as a rule, and a look far back would pass many dates of a schedule by the second.
  for (let backMs = 2 * SECOND_MS; backMs <= LATEST_MS; backMs *= 4) {
    let last: number | undefined;
    let next = cronTime.getNextDateFrom(new Date(nowMs - backMs)).toMillis();
    while (next <= nowMs) {
      last = next;
      next = cronTime.getNextDateFrom(new Date(last)).toMillis();
    }
    if (last !== undefined) return last;
  }
  return undefined;
}

const HOUR_MS = 60 * 60 * SECOND_MS;

/**
 * What tells one run of a job from the others. A job with fixed hours, such as `30 2 * * *`, is told by the time on the
 * clocks of its zone, so that it runs once where these go back and show an hour twice; one that runs every hour, or more
 * often, is told by the time itself.
 *
 * @param timeZone undefined: that of the process
 */
export function runId(source: unknown, atMs: number, timeZone: string | undefined): string {
  return hasFixedHours(source) ? onTheClock(atMs, timeZone) : new Date(atMs).toISOString();
}

/** How long a run has to be remembered at least, where clocks show its hour twice. */
export function repeatsWithinMs(source: unknown, atMs: number, timeZone: string | undefined): number {
  if (!hasFixedHours(source)) return 0;
  const shown = onTheClock(atMs, timeZone);
  // There are zones that go back by half an hour, and some did so by two hours.
  const shift = [0.5, 1, 2].find((hours) => onTheClock(atMs + hours * HOUR_MS, timeZone) === shown);
  return shift === undefined ? 0 : (shift + 0.25) * HOUR_MS;
}

/** Whether the hours of a cron expression are named. */
function hasFixedHours(source: unknown): boolean {
  if (typeof source !== 'string') return false;
  const fields = source.trim().split(/\s+/);
  const hours = fields.at(fields.length === 6 ? 2 : 1);
  return (fields.length === 5 || fields.length === 6) && !(hours ?? '*').startsWith('*');
}

function onTheClock(atMs: number, timeZone: string | undefined): string {
  // Swedish dates are written as in ISO 8601.
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(atMs);
}
