import { describeValue } from '../../errors/describe-value';
import { LockOptionsError } from '../../errors/lock-options.error';
import { isLabel, LABEL_RULE } from './label';
import type { LockOptions } from './lock-options';

/** The rule for the value of one lock option. */
interface OptionRule {
  readonly allows: (value: unknown) => boolean;
  /** The words after "it" in the error. */
  readonly rule: string;
}

/**
 * The longest `holdAtLeast`. It guards against typing errors only, since nobody relies on a lock that is kept
 * after its release.
 */
const LONGEST_KEPT_MS = 31 * 24 * 60 * 60_000;

/** The largest `limit`. A node looks at each permit that is held. */
const MOST_PERMITS = 1_000;

const BOOLEAN: OptionRule = { allows: (value) => typeof value === 'boolean', rule: 'must be true or false' };

const COUNT: OptionRule = {
  allows: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_PERMITS,
  rule: `must be a whole number from 1 to ${MOST_PERMITS}`,
};

/** The rules of all lock options. The defaults are in complete-lock-options.ts. */
const RULES: Readonly<Record<keyof LockOptions, OptionRule>> = {
  ttl: {
    allows: (value) => Number.isSafeInteger(value) && (value as number) > 0,
    rule: 'must be a whole number of milliseconds above 0',
  },
  wait: { allows: isDuration, rule: 'must be 0 or more milliseconds, or Infinity to wait for ever' },
  outageWait: {
    allows: isDuration,
    rule: 'must be 0 or more milliseconds, or Infinity to go on for as long as wait',
  },
  maxWaiting: {
    allows: (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 0),
    rule: 'must be a whole number, 0 or more, or Infinity',
  },
  signal: { allows: isAbortSignal, rule: 'must be an AbortSignal' },
  autoExtend: BOOLEAN,
  maxHold: {
    // A fraction of a millisecond would be over before the lock is held.
    allows: (value) => isDuration(value) && value >= 1,
    rule: 'must be 1 or more milliseconds, or Infinity',
  },
  holdAtLeast: {
    allows: (value) => isDuration(value) && value <= LONGEST_KEPT_MS,
    rule: `must be 0 or more milliseconds, at most ${LONGEST_KEPT_MS} (31 days)`,
  },
  fencing: BOOLEAN,
  label: { allows: isLabel, rule: LABEL_RULE },
  mode: {
    allows: (value) => value === 'exclusive' || value === 'shared',
    rule: "must be 'exclusive' or 'shared'",
  },
  limit: COUNT,
  permits: COUNT,
  fair: BOOLEAN,
};

/** The names of all lock options. */
export const LOCK_OPTIONS = Object.keys(RULES) as (keyof LockOptions)[];

/** @param name the name in the error, if it is not that of the option */
export function checkLockOption(option: keyof LockOptions, value: unknown, name: string = option): void {
  const { allows, rule } = RULES[option];
  if (!allows(value)) throw notPossible(name, value, rule);
}

export function notPossible(option: string, value: unknown, rule: string): LockOptionsError {
  return new LockOptionsError(option, `${describeValue(value)} is not possible; it ${rule}.`);
}

/** Tells if a value is a real AbortSignal. A proxy or an imitation could throw later, where nobody expects it. */
function isAbortSignal(value: unknown): boolean {
  try {
    return value instanceof AbortSignal && typeof value.aborted === 'boolean';
  } catch {
    return false;
  }
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}
