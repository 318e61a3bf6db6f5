import { Module, type DynamicModule } from '@nestjs/common';
import { checkScheduleOptions } from './check-schedule-options';
import { OncePerFleet, SCHEDULE_OPTIONS } from './once-per-fleet';
import type { RedlockScheduleOptions } from './redlock-schedule-options.interface';

/**
 * Has every `@Cron` and `@Interval` method of the application run once per fleet, in whichever process comes first.
 *
 * A run of a cron job is told by the job and the date of its schedule, so a process whose clock or timer is late does not
 * run it again, and a job with fixed hours runs once where the clocks go back and show an hour twice. With
 * `waitForCompletion: true` a run is left out while one before it goes on anywhere in the fleet. Between two runs of an
 * interval lie at least nine tenths of it. Left to themselves are methods with `@EveryProcess()`, those with `@Locked` or
 * `@LeaderOnly` of their own, `@Timeout`, and jobs that code adds to the registry.
 *
 * When the application shuts down, it waits for the jobs that run, which `@nestjs/schedule` does not.
 */
@Module({})
export class RedlockScheduleModule {
  /**
   * @throws LockOptionsError when the application starts: for options that cannot be meant, without a ScheduleModule or
   * the RedlockModule that is meant, and where two jobs have one name
   *
   * @example
   * ```ts
   * imports: [ScheduleModule.forRoot(), RedlockModule.forRoot({ nodes }), RedlockScheduleModule.forRoot()]
   * ```
   */
  static forRoot(options: RedlockScheduleOptions = {}): DynamicModule {
    const checked = checkScheduleOptions(options);
    return {
      module: RedlockScheduleModule,
      providers: [{ provide: SCHEDULE_OPTIONS, useValue: checked }, OncePerFleet],
    };
  }
}
