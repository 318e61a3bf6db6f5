import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { randomUUID } from 'node:crypto';
import { Locked } from '@nest-quorum/redlock';
import { config } from '../app.config';
import { Store } from '../store/store';
import type { ReminderRun } from './reminder-run.interface';

@Injectable()
export class RemindersService {
  constructor(private readonly store: Store) {}

  /**
   * Every process has this timer, and one of them runs the job: a customer wants one reminder, not one per
   * process.
   *
   * `wait: 0` and `onBusy: 'skip'`: the other processes do not wait to run it again, and nothing is logged.
   * `holdAtLeast`: the job takes almost no time, and a process whose clock is a second late must still find
   * the lock taken.
   */
  @Cron(config.reminderCron)
  @Locked('cron:reminders', { wait: 0, onBusy: 'skip', holdAtLeast: 2_000, label: 'reminders' })
  async remind(): Promise<void> {
    await this.store.transaction(async (transaction) => {
      const orders = await transaction.list('order');
      const run: ReminderRun = {
        id: randomUUID(),
        pid: process.pid,
        startedAt: new Date(),
        reminded: orders.filter(({ status }) => status === 'placed').length,
      };
      await transaction.write('reminderRun', run);
    });
  }

  runs(): Promise<ReminderRun[]> {
    return this.store.transaction((transaction) => transaction.list('reminderRun'));
  }
}
