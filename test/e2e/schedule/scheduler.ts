import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { LockService, RedlockModule } from '../../../lib';
import { RedlockScheduleModule } from '../../../lib/schedule';

const [zoneOfProcess, timeZone = '', ...nodes] = process.argv.slice(2);
process.env.TZ = zoneOfProcess;

/** In an hour too, so that a midnight changes nothing. */
const dayOfMonth = [0, 3_600_000]
  .map((ms) => new Intl.DateTimeFormat('en', { timeZone, day: 'numeric' }).format(Date.now() + ms))
  .join();

/** A process with jobs for every second, on these nodes; it writes which lock each run has. */
@Injectable()
class Jobs {
  constructor(private readonly locks: LockService) {}

  @Cron('* * * * * *', { name: 'beat' })
  beat(): void {
    this.write();
  }

  @Cron(`* * * ${dayOfMonth} * *`, { name: 'zoned', timeZone })
  zoned(): void {
    this.write();
  }

  private write(): void {
    process.stdout.write(`${this.locks.current()?.resources.join() ?? 'nothing'}\n`);
  }
}

@Module({
  imports: [ScheduleModule.forRoot(), RedlockModule.forRoot({ nodes }), RedlockScheduleModule.forRoot()],
  providers: [Jobs],
})
class App {}

void NestFactory.createApplicationContext(App, { logger: false }).then((app) => {
  process.stdout.write('ready\n');
  process.stdin.once('data', () => {
    void app.close().then(() => process.exit(0));
  });
});
