import type { ModulesContainer } from '@nestjs/core';
import { isLocked } from '../calls/locked-methods';
import { LockOptionsError } from '../errors/lock-options.error';
import { runsInEveryProcess } from './every-process.decorator';
import type { CronTime } from './fire-time';

/** A `@Cron` or `@Interval` method of one object, as `@nestjs/schedule` found it. */
export interface ScheduledJob {
  /** Its `name`, or `Class.method`. */
  readonly name: string;
  /** Undefined: it is a cron job. */
  readonly intervalMs: number | undefined;
  /** Whether a run is left out while the one before goes on. */
  readonly waitsForCompletion: boolean;
}

interface CronOptions {
  readonly name?: string;
  readonly waitForCompletion?: boolean;
}

/** Has a job run, or leaves it out. The dates are those of a cron job as it is now: code may give it others. */
export type RunJob = (
  job: ScheduledJob,
  run: () => Promise<void>,
  cronTime: CronTime | undefined,
) => Promise<void>;

type Scheduled = (this: unknown, ...args: unknown[]) => Promise<void>;

/** What `@nestjs/schedule` calls for each job that it has found; its versions 4 to 12 are alike in that. */
interface ScheduleExplorer {
  wrapFunctionInTryCatchBlocks: (this: ScheduleExplorer, method: object, instance: object) => Scheduled;
}

/** Under these `@nestjs/schedule` keeps what its decorators were given. */
const CRON = 'SCHEDULE_CRON_OPTIONS';
const INTERVAL = 'SCHEDULE_INTERVAL_OPTIONS';
const NAME = 'SCHEDULER_NAME';

interface Explored {
  readonly jobs: ScheduledJob[];
  run: RunJob | undefined;
}

/** By the explorer, of which each application has one. */
const explored = new WeakMap<object, Explored>();
const instrumented = new WeakSet<object>();

/**
 * Has `@nestjs/schedule` run its jobs through a function. Only what the schedule calls goes through it: code that calls
 * such a method itself runs it as before. To be called before the schedule looks for its jobs.
 *
 * @throws LockOptionsError where there is no schedule
 */
export function instrumentSchedule(modules: ModulesContainer): void {
  const type = explorerType(modules);
  if (type === undefined) {
    throw new LockOptionsError(
      'RedlockScheduleModule',
      'finds no schedule. Import ScheduleModule.forRoot() of @nestjs/schedule (version 4 or later) beside it.',
    );
  }
  if (instrumented.has(type)) return;
  instrumented.add(type);
  const original = type.wrapFunctionInTryCatchBlocks;
  type.wrapFunctionInTryCatchBlocks = function (this: ScheduleExplorer, method, instance) {
    const plain = original.call(this, method, instance);
    const job = jobOf(method, instance);
    if (job === undefined) return plain;
    const ours = exploredBy(this);
    ours.jobs.push(job);
    // A cron job calls it as its own.
    return function (this: unknown, ...args) {
      const run = () => plain(...args);
      return ours.run === undefined ? run() : ours.run(job, run, cronTimeOf(this));
    };
  };
}

/**
 * From now on the jobs of the application run through `run`. To be called before the schedule starts them: `cron` calls one
 * at once whose time comes in that moment.
 */
export function runJobsThrough(modules: ModulesContainer, run: RunJob): void {
  const ours = exploredIn(modules);
  if (ours !== undefined) ours.run = run;
}

/** The jobs that the schedule has found. */
export function foundJobs(modules: ModulesContainer): readonly ScheduledJob[] {
  return exploredIn(modules)?.jobs ?? [];
}

function exploredIn(modules: ModulesContainer): Explored | undefined {
  const explorer = instances(modules).find(isExplorer);
  return explorer === undefined ? undefined : exploredBy(explorer);
}

function exploredBy(explorer: object): Explored {
  const known = explored.get(explorer) ?? { jobs: [], run: undefined };
  explored.set(explorer, known);
  return known;
}

/** Undefined: it is not for us. */
function jobOf(method: object, instance: object): ScheduledJob | undefined {
  // A method that takes a lock itself, or runs in a leader alone, says so with more precision.
  if (runsInEveryProcess(method) || isLocked(method)) return undefined;
  const cron = Reflect.getMetadata(CRON, method) as CronOptions | undefined;
  const interval = Reflect.getMetadata(INTERVAL, method) as { readonly timeout: number } | undefined;
  if (cron === undefined && interval === undefined) return undefined;
  const given = cron?.name ?? (Reflect.getMetadata(NAME, method) as string | undefined);
  const name = given ?? `${instance.constructor.name}.${(method as { name: string }).name}`;
  const waitsForCompletion = cron?.waitForCompletion === true;
  return { name, intervalMs: cron === undefined ? interval?.timeout : undefined, waitsForCompletion };
}

/** Of the CronJob that calls. */
function cronTimeOf(caller: unknown): CronTime | undefined {
  return (caller as { readonly cronTime?: CronTime } | null | undefined)?.cronTime;
}

function explorerType(modules: ModulesContainer): ScheduleExplorer | undefined {
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      const prototype = (metatype as { prototype?: unknown } | null)?.prototype;
      if (isExplorer(prototype)) return prototype;
    }
  }
  return undefined;
}

function instances(modules: ModulesContainer): unknown[] {
  return [...modules.values()].flatMap(({ providers }) =>
    [...providers.values()].map(({ instance }): unknown => instance),
  );
}

function isExplorer(value: unknown): value is ScheduleExplorer {
  return hasMethod(value, 'wrapFunctionInTryCatchBlocks') && hasMethod(value, 'lookupSchedulers');
}

/** Asks classes alone: an instance may be a proxy, or count what is read of it. */
function hasMethod(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const own = Object.getOwnPropertyDescriptor(value, name);
  if (own !== undefined) return typeof own.value === 'function';
  const type = Object.getPrototypeOf(value) as object | null;
  return type !== null && type !== Object.prototype && hasMethod(type, name);
}
