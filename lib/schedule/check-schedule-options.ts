import { LockOptionsError } from '../errors/lock-options.error';
import { checkServiceName } from '../calls/check-placed-options';
import { describeValue } from '../errors/describe-value';
import { checkResource } from '../locking/checks/check-resources';
import { readOptions } from '../locking/checks/read-options';
import type { RedlockScheduleOptions } from './redlock-schedule-options.interface';

/** Options after the door. */
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

/** @throws LockOptionsError, LockKeyError for what cannot be meant */
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
  const checkedPrefix = checkResource(prefix);
  return {
    connection,
    prefix: checkedPrefix,
    rememberForMs: milliseconds('rememberFor', rememberFor, 1_000),
    shutdownTimeoutMs: milliseconds('shutdownTimeout', shutdownTimeout, 0),
  };
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
