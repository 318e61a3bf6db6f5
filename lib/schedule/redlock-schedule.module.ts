import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { refuseBareModule } from '../service/bare-module';
import { checkScheduleOptions } from './check-schedule-options';
import { OncePerFleet, SCHEDULE_OPTIONS } from './once-per-fleet';
import type { RedlockScheduleOptions } from './redlock-schedule-options.interface';

/**
 * Runs every `@Cron` and `@Interval` method of the application once per fleet, in the process that comes first.
 *
 * A run of a cron job is known by the job and its date. So a process whose clock or timer is late does not run it
 * again, and a job with fixed hours runs once when clocks go back and show an hour twice. With
 * `waitForCompletion: true` a run is left out while an earlier one goes on anywhere in the fleet. At least nine
 * tenths of an interval lie between two of its runs. The module does not change these: methods with
 * `@EveryProcess()`, methods with `@Locked` or `@LeaderOnly` of their own, `@Timeout`, and jobs that code adds to
 * the registry.
 *
 * When the application shuts down, the module waits for the jobs that run, which `@nestjs/schedule` does not.
 */
@Module({})
export class RedlockScheduleModule implements OnModuleInit {
  /** @internal */
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /**
   * Fails if the class itself was imported.
   *
   * @internal
   */
  onModuleInit(): void {
    refuseBareModule(
      this.modules,
      SCHEDULE_OPTIONS,
      'RedlockScheduleModule',
      'is imported without forRoot(), so every process would run every job. Import RedlockScheduleModule.forRoot().',
    );
  }

  /**
   * @throws LockOptionsError when the application starts: for impossible options, without a ScheduleModule or the
   *   RedlockModule that is named, and if two jobs have one name
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
