#!/usr/bin/env bash
# On the day on which clocks go back, `cron` calls each job of the hour that follows the repeated hour twice: an hour early, and
# at its time.
#
# One would guess: a job can be called twice only if its time lies in the hour that comes twice. `30 2 * * *` in New York, where
# 1:00 to 2:00 comes twice, is a safe choice: 2:30 comes once. And no job is called at a time that its expression does not
# name, except for a date that clocks skip.
#
# What happens: in New York the job `0 30 2 * * *` is called at the second 1:30, which its expression does not name, and an
# hour later at 2:30 again. So a daily job (`@Cron` of @nestjs/schedule too, which rests on this package) runs twice that
# night, first an hour early. It is the same in Berlin, where 2:00 to 3:00 comes twice, for 3:30, in London for 2:30, and in
# zones that go back from 24:00 to 23:00 (Cairo, Beirut, Santiago) for midnight: the daily job of midnight is called at the
# second 23:00, for a day that is not over. cron 3.5 did not do so, and cron-parser and croner name each time once.
#
# Versions: cron 4.4.0 (the one of @nestjs/schedule 12) and 3.5.0, luxon as it depends on it, cron-parser 5.10.6, croner 11.0.1, on
# Node 20.20. Needs node 20.4 or later, with its time zones, and npm. Time is that of the mocked timers of node:test.
# Source: the handling of daylight saving time in `getNextDateFrom` of time.ts in cron.
#
# Exits 0 while it is so, 1 when it is not any more, 2 when it cannot be tried here.
set -euo pipefail
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "needs $tool"; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { mock } from 'node:test';
import { CronJob } from 'cron';
import { CronTime as OldCronTime } from 'cron-3';
import { CronExpressionParser } from 'cron-parser';
import { Cron } from 'croner';

const MINUTE_MS = 60_000;
const local = (date, timeZone) => date.toLocaleString('sv-SE', { timeZone }).slice(0, 16);

/** When `cron` calls a job in the 16 hours after `from`. */
function called(source, timeZone, from) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: new Date(from) });
  const calls = [];
  const onTick = () => calls.push(local(new Date(), timeZone));
  const job = CronJob.from({ cronTime: source, timeZone, start: true, onTick });
  for (let minute = 0; minute < 16 * 60; minute++) mock.timers.tick(MINUTE_MS);
  job.stop();
  mock.timers.reset();
  return calls.map((call) => call.replace(/ (\d):/, ' 0$1:'));
}

const hours = (calls) => calls.map((call) => call.slice(11)).join();

/** What another library names for the same time. */
function named(next, timeZone, from) {
  const dates = [];
  for (let at = new Date(from); ; dates.push(local(at, timeZone))) {
    at = next(at);
    if (at.getTime() > Date.parse(from) + 16 * 60 * MINUTE_MS) return dates.map((date) => date.replace(/ (\d):/, ' 0$1:'));
  }
}

for (const name of ['cron', 'cron-3', 'cron-parser', 'croner']) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version);
}
const isSo = [
  ['America/New_York', '0 30 2 * * *', '2026-10-31T20:00:00Z', '01:30', '02:30'],
  ['Europe/Berlin', '0 30 3 * * *', '2026-10-24T16:00:00Z', '02:30', '03:30'],
  ['Europe/London', '0 30 2 * * *', '2026-10-24T16:00:00Z', '01:30', '02:30'],
  ['Africa/Cairo', '0 0 0 * * *', '2026-10-29T15:00:00Z', '23:00', '00:00'],
  ['America/Santiago', '0 0 0 * * *', '2027-04-03T21:00:00Z', '23:00', '00:00'],
].map(([timeZone, source, from, early, due]) => {
  const byCron = called(source, timeZone, from);
  const old = new OldCronTime(source, timeZone);
  const byOld = named((after) => old.getNextDateFrom(after, timeZone).toJSDate(), timeZone, from);
  const parsed = (after) => CronExpressionParser.parse(source, { tz: timeZone, currentDate: after });
  const byParser = named((after) => parsed(after).next().toDate(), timeZone, from);
  const byCroner = named((after) => new Cron(source, { timezone: timeZone }).nextRun(after), timeZone, from);
  console.log(`${timeZone}, ${source}: cron 4 calls at ${byCron.join(' and ')}`);
  console.log(`  cron 3 names ${byOld.join(' and ')}; cron-parser ${byParser.join(' and ')}; croner ${byCroner.join(' and ')}`);
  return hours(byCron) === `${early},${due}` && [byOld, byParser, byCroner].every((dates) => hours(dates) === due);
}).every(Boolean);
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent cron@4.4.0 cron-3@npm:cron@3.5.0 cron-parser@5.10.6 croner@11.0.1 || exit 2
node --no-warnings try.mjs
