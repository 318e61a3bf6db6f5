import { createRequire } from 'node:module';
import type { CronTime } from '../../lib/schedule/fire-time';

/** The package `cron` that `@nestjs/schedule` has beside it, and the luxon of that: other versions have others. */
const ofSchedule = createRequire(require.resolve('@nestjs/schedule'));
const cron = ofSchedule('cron') as {
  CronTime: new (source: string | Date, timeZone?: string | null, utcOffset?: number | null) => CronTime;
};
const { Settings } = createRequire(ofSchedule.resolve('cron'))('luxon') as {
  Settings: { now: () => number; defaultZone: string };
};

/** Real dates of a job. */
export function cronTime(
  source: string | Date,
  { timeZone, utcOffset }: { timeZone?: string; utcOffset?: number } = {},
): CronTime {
  return new cron.CronTime(source, timeZone ?? null, utcOffset ?? null);
}

/** Has `cron` take this for the time, and this for the zone of the process. `realTime()` ends it. */
export function virtualTime(nowMs: number, zoneOfProcess = 'UTC'): void {
  Settings.now = () => nowMs;
  Settings.defaultZone = zoneOfProcess;
}

export function realTime(): void {
  Settings.now = () => Date.now();
  Settings.defaultZone = 'system';
}
