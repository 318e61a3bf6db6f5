import { LockOptionsError } from '../errors/lock-options.error';
import { checkServiceName } from '../service/lock-service-token';
import { describeValue } from '../errors/describe-value';
import { LockKeyError } from '../errors/lock-key.error';
import { checkResource } from '../locking/api/check-resources';
import { readOptions } from '../errors/read-options';
import type { RedlockScheduleOptions } from './redlock-schedule-options.interface';
import type { ScheduledJob } from './scheduled-jobs';

/** Options after the check, complete. */
export interface CompleteScheduleOptions {
  readonly connection: string | undefined;
  readonly prefix: string;
  readonly rememberForMs: number;
  readonly shutdownTimeoutMs: number;
}

const KNOWN = Object.keys({
  connection: true,
  prefix: true,
  rememberFor: true,
  shutdownTimeout: true,
} satisfies Record<keyof RedlockScheduleOptions, true>);

const LONGEST_MS = 31 * 24 * 60 * 60_000;

/** @throws LockOptionsError for an impossible option */
export function checkScheduleOptions(given: RedlockScheduleOptions): CompleteScheduleOptions {
  const {
    connection,
    prefix = 'schedule:',
    rememberFor = 300_000,
    shutdownTimeout = 10_000,
  } = readOptions(given, KNOWN, {
    name: 'options',
    what: ', such as { rememberFor: 60_000 }',
    each: 'an option of RedlockScheduleModule',
  });
  if (connection !== undefined) checkServiceName('connection', connection);
  return {
    connection,
    prefix: checkPrefix(prefix),
    rememberForMs: milliseconds('rememberFor', rememberFor, 1_000),
    shutdownTimeoutMs: milliseconds('shutdownTimeout', shutdownTimeout, 0),
  };
}

/** @throws LockOptionsError for a text with which no resource can begin */
export function checkPrefix(given: unknown): string {
  return asOption('prefix', () => checkResource(given));
}

/** A date with the length that the date of every run has. */
const ANY_DATE = `@${new Date(0).toISOString()}`;

/**
 * @throws LockOptionsError if two jobs have one name, for names that no resource can have, and for names that are
 *   others in each process
 */
export function checkJobNames(prefix: string, jobs: readonly ScheduledJob[]): void {
  const random = jobs.find(({ isNamedAtRandom }) => isNamedAtRandom);
  if (random !== undefined) {
    throw new LockOptionsError(
      'name',
      `The job ${JSON.stringify(random.name)} is in a class that mixin() of Nest has made, with a new name in each process. So every ` +
        'process would run it. Give the job a `name`, extend the class by one of your own, or put @EveryProcess() on it.',
    );
  }
  const names = jobs.map(({ name }) => name);
  for (const name of names) asOption('name', () => checkResource(prefix + name + ANY_DATE));
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  if (twice === undefined) return;
  throw new LockOptionsError(
    'name',
    `Two jobs of the schedule are called ${JSON.stringify(twice)}, and only one of them would run. Give each a \`name\` of its own, or @EveryProcess() to one that every process shall run.`,
  );
}

/** Turns an error about a resource into one about the option from which the resource was made. */
function asOption<T>(option: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof LockKeyError
      ? new LockOptionsError(option, `cannot be part of a resource. ${error.message}`)
      : error;
  }
}

function milliseconds(option: string, value: unknown, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= LONGEST_MS) {
    return value as number;
  }
  throw new LockOptionsError(
    option,
    `${describeValue(value)} is not possible; it must be a whole number of milliseconds from ${least} to ${LONGEST_MS} (31 days).`,
  );
}
