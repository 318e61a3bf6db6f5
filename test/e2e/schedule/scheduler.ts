import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { LockService, RedlockModule } from '../../../lib';
import { RedlockScheduleModule } from '../../../lib/schedule';

/** A process with a job for every second, on these nodes; it writes which lock each run has. */
@Injectable()
class Jobs {
  constructor(private readonly locks: LockService) {}

  @Cron('* * * * * *', { name: 'beat' })
  beat(): void {
    process.stdout.write(`${this.locks.current()?.resources.join() ?? 'nothing'}\n`);
  }
}

@Module({
  imports: [
    ScheduleModule.forRoot(),
    RedlockModule.forRoot({ nodes: process.argv.slice(2) }),
    RedlockScheduleModule.forRoot(),
  ],
  providers: [Jobs],
})
class App {}

void NestFactory.createApplicationContext(App, { logger: false }).then((app) => {
  process.stdout.write('ready\n');
  process.stdin.once('data', () => {
    void app.close().then(() => process.exit(0));
  });
});
