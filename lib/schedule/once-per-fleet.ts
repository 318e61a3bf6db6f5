import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { LockOptionsError } from '../errors/lock-options.error';
import type { LockService } from '../service/lock.service';
import { systemClock } from '../system/system-clock';
import { fireTime, repeatsWithinMs, runId, type CronTime } from './fire-time';
import type { CompleteScheduleOptions } from './check-schedule-options';
import {
  cronTimeType,
  instrumentSchedule,
  runJobsThrough,
  type CronOptions,
  type ScheduledJob,
} from './scheduled-jobs';

export const SCHEDULE_LOCKS = 'REDLOCK_SCHEDULE_LOCKS';
export const SCHEDULE_OPTIONS = 'REDLOCK_SCHEDULE_OPTIONS';

/** An interval is kept a little shorter than it is: timers are not exact, and nobody should miss two of them. */
const KEPT_OF_INTERVAL = 0.9;
/** The longest `holdAtLeast`. */
const LONGEST_KEPT_MS = 31 * 24 * 60 * 60_000;

/** Runs the jobs of a schedule in one process at a time, and each run once. */
@Injectable()
export class OncePerFleet implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('RedlockSchedule');
  private readonly cronTimes = new Map<CronOptions, CronTime>();
  private readonly running = new Set<Promise<void>>();
  private isStopping = false;

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(SCHEDULE_LOCKS) private readonly locks: LockService,
    @Inject(SCHEDULE_OPTIONS) private readonly options: CompleteScheduleOptions,
  ) {
    // Here, when all modules are known, and before the schedule looks for its jobs.
    instrumentSchedule(modules);
  }

  onApplicationBootstrap(): void {
    const jobs = runJobsThrough(this.modules, (job, run) => this.run(job, run));
    const names = jobs.map(({ name }) => name);
    const twice = names.find((name, position) => names.indexOf(name) !== position);
    if (twice !== undefined) {
      throw new LockOptionsError(
        'name',
        `Two jobs of the schedule are called ${JSON.stringify(twice)}, and only one of them would run. Give each a \`name\` of its own, or @EveryProcess() to one that every process shall run.`,
      );
    }
  }

  /** Before the connections of others are closed: a job needs them to its end. */
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

  private async run(job: ScheduledJob, run: () => Promise<void>): Promise<void> {
    // The schedule stops after this; what it still calls would run into closed connections.
    if (this.isStopping) return;
    const done = this.runOnce(job, run).catch((error: unknown) => {
      this.logger.error(error, `job ${JSON.stringify(job.name)}`);
    });
    this.running.add(done);
    await done;
    this.running.delete(done);
  }

  private async runOnce({ name, cron, intervalMs }: ScheduledJob, run: () => Promise<void>): Promise<void> {
    const resource = this.options.prefix + name;
    const { id, keepMs } =
      cron === undefined
        ? { id: '', keepMs: (intervalMs ?? 0) * KEPT_OF_INTERVAL }
        : this.dateOf(cron, systemClock.wallNow());
    const holdAtLeast = Math.min(Math.floor(keepMs), LONGEST_KEPT_MS);
    await this.locks.withLock(
      resource + id,
      { wait: 0, onBusy: 'skip', holdAtLeast, maxHold: Infinity, autoExtend: true, reentrant: true },
      run,
    );
  }

  private dateOf(cron: CronOptions, nowMs: number): { id: string; keepMs: number } {
    const atMs = fireTime(this.cronTimeOf(cron), nowMs) ?? nowMs;
    const zone = cron.timeZone ?? undefined;
    // An offset has no hour that comes twice.
    const source = cron.utcOffset === undefined || cron.utcOffset === null ? cron.cronTime : undefined;
    const keepMs = Math.max(this.options.rememberForMs, repeatsWithinMs(source, atMs, zone));
    return { id: `@${runId(source, atMs, zone)}`, keepMs };
  }

  private cronTimeOf(cron: CronOptions): CronTime {
    const known = this.cronTimes.get(cron);
    if (known !== undefined) return known;
    const Type = cronTimeType(this.modules);
    if (Type === undefined) throw new Error('the schedule has no cron job that could be asked for its dates');
    const made = new Type(cron.cronTime, cron.timeZone ?? undefined, cron.utcOffset ?? undefined) as CronTime;
    this.cronTimes.set(cron, made);
    return made;
  }
}
