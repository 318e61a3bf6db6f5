import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { getLockServiceToken } from '../service/lock-service-token';
import { LockOptionsError } from '../errors/lock-options.error';
import type { LockService } from '../service/lock.service';
import { systemClock } from '../system/system-clock';
import { checkJobNames, type CompleteScheduleOptions } from './check-schedule-options';
import { fireTime, isBeforeItsDate, repeatsWithinMs, runId, type CronTime } from './fire-time';
import { foundJobs, instrumentSchedule, runJobsThrough, type ScheduledJob } from './scheduled-jobs';

export const SCHEDULE_OPTIONS = 'REDLOCK_SCHEDULE_OPTIONS';

/**
 * The part of an interval for which its lock is kept. It is shorter than the interval: timers are not exact, and
 * no run should be left out because of that.
 */
const KEPT_OF_INTERVAL = 0.9;
/** The longest `holdAtLeast`. */
const LONGEST_KEPT_MS = 31 * 24 * 60 * 60_000;

const WHILE_IT_RUNS = {
  wait: 0,
  onBusy: 'skip',
  holdAtLeast: 0,
  maxHold: Infinity,
  autoExtend: true,
  reentrant: true,
} as const;

/** Runs each job of a schedule once in the fleet, and in one process at a time. */
@Injectable()
export class OncePerFleet implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('RedlockSchedule');
  private readonly running = new Set<Promise<void>>();
  private locks!: LockService;
  private isStopping = false;

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(SCHEDULE_OPTIONS) private readonly options: CompleteScheduleOptions,
  ) {
    // At this moment all modules are known, and the schedule has not looked for its jobs yet.
    instrumentSchedule(modules);
  }

  onModuleInit(): void {
    const { connection } = this.options;
    try {
      this.locks = this.moduleRef.get<LockService>(getLockServiceToken(connection), { strict: false });
    } catch {
      throw connection === undefined
        ? new LockOptionsError(
            'RedlockScheduleModule',
            'finds no lock service. Import RedlockModule.forRoot() beside it.',
          )
        : new LockOptionsError(
            'connection',
            `is ${JSON.stringify(connection)}, but this application has no such lock service. Import RedlockModule with that name.`,
          );
    }
    runJobsThrough(this.modules, (job, run, cronTime) => this.run(job, run, cronTime));
  }

  onApplicationBootstrap(): void {
    checkJobNames(this.options.prefix, foundJobs(this.modules));
  }

  /** The jobs end before the connections of other modules are closed, since they need these. */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    if (this.running.size === 0) return;
    let timer: { cancel(): void } | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = systemClock.schedule(this.options.shutdownTimeoutMs, resolve);
    });
    await Promise.race([Promise.all(this.running), timeout]);
    timer?.cancel();
  }

  private async run(
    job: ScheduledJob,
    run: () => Promise<void>,
    cronTime: CronTime | undefined,
  ): Promise<void> {
    // The schedule stops after this. The jobs that it still calls would run into closed connections.
    if (this.isStopping) return;
    const done = this.runOnce(job, run, cronTime).catch((error: unknown) => {
      this.logger.error(error, `job ${JSON.stringify(job.name)}`);
    });
    this.running.add(done);
    await done;
    this.running.delete(done);
  }

  private async runOnce(
    { name, intervalMs, waitsForCompletion }: ScheduledJob,
    run: () => Promise<void>,
    cronTime: CronTime | undefined,
  ): Promise<void> {
    const resource = this.options.prefix + name;
    const date =
      intervalMs === undefined
        ? this.dateOf(name, cronTime, systemClock.wallNow())
        : { id: '', keepMs: intervalMs * KEPT_OF_INTERVAL };
    if (date === undefined) return;
    const { id, keepMs } = date;
    const holdAtLeast = Math.min(Math.floor(keepMs), LONGEST_KEPT_MS);
    // The date is locked first. Only the process that gets it asks for the job, so no other one is in the way of a
    // later date.
    await this.locks.withLock(
      resource + id,
      { ...WHILE_IT_RUNS, holdAtLeast },
      waitsForCompletion ? () => this.locks.withLock(resource, WHILE_IT_RUNS, run) : run,
    );
  }

  /**
   * The date of a run. Undefined: the job is called once more, at its date. If the date is unknown, all runs have
   * one name, and the fleet runs the job once in `rememberFor`. With a name of its own, each process would run it.
   */
  private dateOf(
    name: string,
    cronTime: CronTime | undefined,
    nowMs: number,
  ): { id: string; keepMs: number } | undefined {
    const { rememberForMs } = this.options;
    try {
      const fire = cronTime === undefined ? undefined : fireTime(cronTime, nowMs);
      if (cronTime !== undefined && fire !== undefined) {
        if (isBeforeItsDate(cronTime, fire)) return undefined;
        return {
          id: `@${runId(cronTime, fire)}`,
          keepMs: Math.max(rememberForMs, repeatsWithinMs(cronTime, fire)),
        };
      }
      this.logger.warn(undated(name, rememberForMs, 'its schedule has none in the last five years'));
    } catch (error) {
      this.logger.warn(undated(name, rememberForMs, String(error)));
    }
    return { id: '', keepMs: rememberForMs };
  }
}

function undated(name: string, rememberForMs: number, reason: string): string {
  return `The date of the job ${JSON.stringify(name)} is not known: ${reason}. The job runs once in the fleet, and not again for ${rememberForMs} ms.`;
}
