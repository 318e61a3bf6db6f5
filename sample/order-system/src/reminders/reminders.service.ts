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
   * Every process has this timer, and one of them runs the job: a customer wants one reminder, not one per process.
   *
   * `wait: 0` and `onBusy: 'skip'`: the others do not queue to do it again, and nothing is logged. `holdAtLeast`: the
   * job is done in no time, and a process whose clock is a second late must still find it taken.
   */
  @Cron(config.reminderCron)
  @Locked('cron:reminders', { wait: 0, onBusy: 'skip', holdAtLeast: 2_000 })
  async remind(): Promise<void> {
    const unpaid = (await this.store.list('order')).filter((order) => order.status === 'placed');
    const run: ReminderRun = {
      id: randomUUID(),
      pid: process.pid,
      startedAt: new Date().toISOString(),
      reminded: unpaid.length,
    };
    await this.store.write('reminderRun', run.id, run);
  }

  runs(): Promise<ReminderRun[]> {
    return this.store.list('reminderRun');
  }
}
