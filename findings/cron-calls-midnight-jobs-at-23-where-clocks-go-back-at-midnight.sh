#!/usr/bin/env bash
# On the day on which clocks go back at midnight, `cron` calls a job of midnight at 23:00 as well, an hour early.
#
# One would guess: an hour that comes twice can at worst make a job run twice whose time lies in that hour; a time that
# comes once, such as the midnight after it, is called once, and no job is called at a time that its expression does not
# name, except for a date that clocks skip.
#
# What happens: in zones that go back from 24:00 to 23:00 (Cairo, Beirut, Santiago), the job
# `0 0 0 * * *` is called at the second 23:00, which its expression does not name, and an hour later at midnight again. So
# a daily job (`@Cron(CronExpression.EVERY_DAY_AT_MIDNIGHT)` of @nestjs/schedule too, which rests on this package) runs
# twice that night, first for a day that is not over. In zones that go back later in the night, such as Berlin, it is called
# once. cron-parser and croner name midnight alone.
#
# Versions: cron 4.4.0 (the one of @nestjs/schedule 12), luxon as it depends on it, cron-parser 5.10.6, croner 11.0.1, on
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

/** What another library names for the same time. */
function named(next, timeZone, from) {
  const dates = [];
  for (let at = new Date(from); ; dates.push(local(at, timeZone))) {
    at = next(at);
    if (at.getTime() > Date.parse(from) + 16 * 60 * MINUTE_MS) return dates.map((date) => date.replace(/ (\d):/, ' 0$1:'));
  }
}

for (const name of ['cron', 'cron-parser', 'croner']) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version);
}
const SOURCE = '0 0 0 * * *';
const seen = {};
for (const [timeZone, from] of [
  ['Africa/Cairo', '2026-10-29T15:00:00Z'],
  ['Asia/Beirut', '2026-10-24T15:00:00Z'],
  ['America/Santiago', '2027-04-03T21:00:00Z'],
  ['Europe/Berlin', '2026-10-24T16:00:00Z'],
]) {
  const byCron = called(SOURCE, timeZone, from);
  const byParser = named(
    (after) => CronExpressionParser.parse(SOURCE, { tz: timeZone, currentDate: after }).next().toDate(),
    timeZone,
    from,
  );
  const byCroner = named((after) => new Cron(SOURCE, { timezone: timeZone }).nextRun(after), timeZone, from);
  console.log(`${timeZone}: cron calls at ${byCron.join(' and ')}`);
  console.log(`  cron-parser names ${byParser.join(' and ')}; croner ${byCroner.join(' and ')}`);
  seen[timeZone] = { byCron, byParser, byCroner };
}
const hours = (calls) => calls.map((call) => call.slice(11)).join();
const { 'Europe/Berlin': berlin, ...atMidnight } = seen;
const isSo =
  Object.values(atMidnight).every(
    ({ byCron, byParser, byCroner }) =>
      hours(byCron) === '23:00,00:00' && hours(byParser) === '00:00' && hours(byCroner) === '00:00',
  ) && hours(berlin.byCron) === '00:00';
console.log(isSo ? 'as described' : 'other than described');
process.exit(isSo ? 0 : 1);
JS
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent cron@4.4.0 cron-parser@5.10.6 croner@11.0.1 || exit 2
node --no-warnings try.mjs
