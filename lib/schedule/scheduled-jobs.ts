import type { ModulesContainer } from '@nestjs/core';
import { isLocked } from '../calls/locked-methods';
import { LockOptionsError } from '../errors/lock-options.error';
import { runsInEveryProcess } from './every-process.decorator';
import type { CronTime } from './fire-time';

/** A `@Cron` or `@Interval` method of one object, as `@nestjs/schedule` found it. */
export interface ScheduledJob {
  /** The name of the job: its `name`, or `Class.method`. */
  readonly name: string;
  /** The interval. Undefined for a cron job. */
  readonly intervalMs: number | undefined;
  /** True if the name is another one in each process. */
  readonly isNamedAtRandom: boolean;
  /** True if a run is left out while the one before goes on. */
  readonly waitsForCompletion: boolean;
}

interface CronOptions {
  readonly name?: string;
  readonly waitForCompletion?: boolean;
}

/** Runs a job, or leaves it out. The times come from the cron job as it is now, since code may change them. */
export type RunJob = (
  job: ScheduledJob,
  run: () => Promise<void>,
  cronTime: CronTime | undefined,
) => Promise<void>;

type Scheduled = (this: unknown, ...args: unknown[]) => Promise<void>;

/**
 * The object of `@nestjs/schedule` that calls a method for each job that it has found. Its versions 4 to 12 are
 * alike in that.
 */
interface ScheduleExplorer {
  wrapFunctionInTryCatchBlocks: (this: ScheduleExplorer, method: object, instance: object) => Scheduled;
}

/** The metadata keys under which `@nestjs/schedule` keeps the arguments of its decorators. */
const CRON = 'SCHEDULE_CRON_OPTIONS';
const INTERVAL = 'SCHEDULE_INTERVAL_OPTIONS';
const NAME = 'SCHEDULER_NAME';

interface Explored {
  readonly jobs: ScheduledJob[];
  run: RunJob | undefined;
}

/**
 * The jobs by explorer. Since Nest 11 an application has an explorer for each `ScheduleModule.forRoot()` that it, or
 * a package that it uses, imports, and each of them finds and calls all jobs.
 */
const explored = new WeakMap<object, Explored>();
/** The job by object and method, since it is the same one for all explorers. */
const known = new WeakMap<object, Map<object, ScheduledJob>>();
const instrumented = new WeakSet<object>();

/**
 * Makes `@nestjs/schedule` run its jobs through a function. This changes only the calls of the schedule: code that
 * calls such a method itself runs it as before. Call it before the schedule looks for its jobs.
 *
 * @throws LockOptionsError if there is no schedule
 */
export function instrumentSchedule(modules: ModulesContainer): void {
  const types = explorerTypes(modules);
  if (types.size === 0) {
    throw new LockOptionsError(
      'RedlockScheduleModule',
      'finds no schedule. Import ScheduleModule.forRoot() of @nestjs/schedule (version 4 or later) beside it.',
    );
  }
  for (const type of types) instrument(type);
}

function instrument(type: ScheduleExplorer): void {
  if (instrumented.has(type)) return;
  instrumented.add(type);
  const original = type.wrapFunctionInTryCatchBlocks;
  type.wrapFunctionInTryCatchBlocks = function (this: ScheduleExplorer, method, instance) {
    const plain = original.call(this, method, instance);
    const job = jobOf(method, instance);
    if (job === undefined) return plain;
    const ours = exploredBy(this);
    ours.jobs.push(job);
    // A cron job calls this function with itself as `this`.
    return function (this: unknown, ...args) {
      const run = () => plain(...args);
      return ours.run === undefined ? run() : ours.run(job, run, cronTimeOf(this));
    };
  };
}

/**
 * From now on the jobs of the application run through `run`. Call it before the schedule starts them: if the time
 * of a job comes at that moment, `cron` calls it at once.
 */
export function runJobsThrough(modules: ModulesContainer, run: RunJob): void {
  for (const ours of exploredIn(modules)) ours.run = run;
}

/** The jobs that the schedule has found. */
export function foundJobs(modules: ModulesContainer): readonly ScheduledJob[] {
  return [...new Set(exploredIn(modules).flatMap(({ jobs }) => jobs))];
}

function exploredIn(modules: ModulesContainer): Explored[] {
  return instances(modules).filter(isExplorer).map(exploredBy);
}

function exploredBy(explorer: object): Explored {
  const ours = explored.get(explorer) ?? { jobs: [], run: undefined };
  explored.set(explorer, ours);
  return ours;
}

/** The job of a method. Undefined if the module does not handle it. */
function jobOf(method: object, instance: object): ScheduledJob | undefined {
  const ofInstance = known.get(instance) ?? new Map<object, ScheduledJob>();
  known.set(instance, ofInstance);
  const job = ofInstance.get(method) ?? readJob(method, instance);
  if (job !== undefined) ofInstance.set(method, job);
  return job;
}

function readJob(method: object, instance: object): ScheduledJob | undefined {
  // A method that takes a lock itself, or runs only in a leader, has said more exactly how it runs.
  if (runsInEveryProcess(method) || isLocked(method)) return undefined;
  const cron = Reflect.getMetadata(CRON, method) as CronOptions | undefined;
  const interval = Reflect.getMetadata(INTERVAL, method) as { readonly timeout: number } | undefined;
  if (cron === undefined && interval === undefined) return undefined;
  const given = cron?.name ?? (Reflect.getMetadata(NAME, method) as string | undefined);
  const name = given ?? `${instance.constructor.name}.${(method as { name: string }).name}`;
  const waitsForCompletion = cron?.waitForCompletion === true;
  const isNamedAtRandom = given === undefined && NAME_OF_MIXIN.test(instance.constructor.name);
  const intervalMs = cron === undefined ? interval?.timeout : undefined;
  return { name, intervalMs, isNamedAtRandom, waitsForCompletion };
}

/** The name that `mixin()` of Nest gives to a class: it is a new one in each process. */
const NAME_OF_MIXIN = /^[0-9a-f]{21}$/;

/** The time of the CronJob that calls. */
function cronTimeOf(caller: unknown): CronTime | undefined {
  return (caller as { readonly cronTime?: CronTime } | null | undefined)?.cronTime;
}

/** The prototypes of the explorers. There are two where a package brings a `@nestjs/schedule` of its own. */
function explorerTypes(modules: ModulesContainer): Set<ScheduleExplorer> {
  const types = new Set<ScheduleExplorer>();
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      const prototype = (metatype as { prototype?: unknown } | null)?.prototype;
      if (isExplorer(prototype)) types.add(prototype);
    }
  }
  return types;
}

function instances(modules: ModulesContainer): unknown[] {
  return [...modules.values()].flatMap(({ providers }) =>
    [...providers.values()].map(({ instance }): unknown => instance),
  );
}

function isExplorer(value: unknown): value is ScheduleExplorer {
  return hasMethod(value, 'wrapFunctionInTryCatchBlocks') && hasMethod(value, 'lookupSchedulers');
}

/** Looks at the class only: an instance may be a proxy, or count its reads. */
function hasMethod(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const own = Object.getOwnPropertyDescriptor(value, name);
  if (own !== undefined) return typeof own.value === 'function';
  return hasMethod(Object.getPrototypeOf(value), name);
}
