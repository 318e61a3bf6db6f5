import { validForMs } from '../../core/validity';
import { LockOptionsError } from '../../errors/lock-options.error';
import { isLabel, LABEL_RULE } from '../api/label';
import type { LockOptions } from '../api/lock-options';
import { readOptions } from './read-options';

/** Options after the door: complete, checked, in milliseconds. */
export interface CheckedLockOptions {
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly outageWaitMs: number;
  readonly maxWaiting: number;
  readonly signal: AbortSignal | undefined;
  readonly autoExtend: boolean;
  readonly maxHoldMs: number;
  readonly holdAtLeastMs: number;
  readonly fencing: boolean;
  readonly label: string | undefined;
  readonly mode: 'exclusive' | 'shared';
  readonly limit: number | undefined;
  readonly permits: number;
  readonly fair: boolean;
}

/** What the options of a lock must fit to. */
export interface LockLimits {
  readonly nodeTimeoutMs: number;
  readonly maxTtlMs: number;
}

/** What a lock has where neither the call nor the module says otherwise. */
const DEFAULTS = {
  ttl: 10_000,
  wait: 5_000,
  maxWaiting: 10_000,
  autoExtend: true,
  maxHold: Infinity,
  holdAtLeast: 0,
  fencing: false,
  mode: 'exclusive',
  permits: 1,
  fair: false,
} satisfies LockOptions;

/** What is kept after a release is no lock that anybody relies on: it has a bound of its own, against a typing error. */
const LONGEST_KEPT_MS = 31 * 24 * 60 * 60_000;

/** A node looks at each permit that is held. */
const MOST_PERMITS = 1_000;

/** The names of all lock options. */
export const LOCK_OPTIONS = [
  'ttl',
  'wait',
  'outageWait',
  'maxWaiting',
  'signal',
  'autoExtend',
  'maxHold',
  'holdAtLeast',
  'fencing',
  'label',
  'mode',
  'limit',
  'permits',
  'fair',
] as const satisfies (keyof LockOptions)[];

/**
 * Checks the value of every option by itself, for options that are written down before the module exists.
 *
 * @param prefix what stands before the name in an error: `defaults.`
 * @returns a plain copy, which stays as it was checked
 */
export function checkEachLockOption(given: unknown, prefix = ''): LockOptions {
  const options = readOptions(given, LOCK_OPTIONS, {
    name: prefix === '' ? 'options' : prefix.slice(0, -1),
    prefix,
    what: ' of lock options',
    each: 'a lock option',
  });
  // Defaults for what is undefined, and for that alone: null is a value that cannot be meant.
  const {
    ttl = DEFAULTS.ttl,
    wait = DEFAULTS.wait,
    outageWait = Infinity,
    maxWaiting = DEFAULTS.maxWaiting,
    signal,
    autoExtend = DEFAULTS.autoExtend,
    maxHold = DEFAULTS.maxHold,
    holdAtLeast = DEFAULTS.holdAtLeast,
    fencing = DEFAULTS.fencing,
    label,
    mode = DEFAULTS.mode,
    limit,
    permits = DEFAULTS.permits,
    fair = DEFAULTS.fair,
  } = options;
  checkTtl(ttl, `${prefix}ttl`);
  check(
    isDuration(wait),
    `${prefix}wait`,
    wait,
    'must be 0 or more milliseconds, or Infinity to wait for ever',
  );
  check(
    isDuration(outageWait),
    `${prefix}outageWait`,
    outageWait,
    'must be 0 or more milliseconds, or Infinity to go on for as long as wait',
  );
  check(
    maxWaiting === Infinity || (Number.isSafeInteger(maxWaiting) && (maxWaiting as number) >= 0),
    `${prefix}maxWaiting`,
    maxWaiting,
    'must be a whole number, 0 or more, or Infinity',
  );
  check(signal === undefined || isAbortSignal(signal), `${prefix}signal`, signal, 'must be an AbortSignal');
  check(typeof autoExtend === 'boolean', `${prefix}autoExtend`, autoExtend, 'must be true or false');
  check(
    // A fraction of a millisecond would be over before anybody has the lock.
    isDuration(maxHold) && maxHold >= 1,
    `${prefix}maxHold`,
    maxHold,
    'must be 1 or more milliseconds, or Infinity',
  );
  check(
    isDuration(holdAtLeast) && holdAtLeast <= LONGEST_KEPT_MS,
    `${prefix}holdAtLeast`,
    holdAtLeast,
    `must be 0 or more milliseconds, at most ${LONGEST_KEPT_MS} (31 days)`,
  );
  check(typeof fencing === 'boolean', `${prefix}fencing`, fencing, 'must be true or false');
  check(label === undefined || isLabel(label), `${prefix}label`, label, LABEL_RULE);
  check(mode === 'exclusive' || mode === 'shared', `${prefix}mode`, mode, "must be 'exclusive' or 'shared'");
  check(
    limit === undefined || isCount(limit, MOST_PERMITS),
    `${prefix}limit`,
    limit,
    `must be a whole number from 1 to ${MOST_PERMITS}`,
  );
  check(
    isCount(permits, MOST_PERMITS),
    `${prefix}permits`,
    permits,
    `must be a whole number from 1 to ${MOST_PERMITS}`,
  );
  check(typeof fair === 'boolean', `${prefix}fair`, fair, 'must be true or false');
  checkKind(options, prefix);
  return options;
}

/** The one door: completes the options of a call with the defaults, and checks how they go together. */
export function completeLockOptions(
  given: LockOptions | undefined,
  defaults: LockOptions,
  limits: LockLimits,
  prefix = '',
): CheckedLockOptions {
  const options = given === undefined ? undefined : checkEachLockOption(given, prefix);
  const ttlMs = options?.ttl ?? defaults.ttl ?? DEFAULTS.ttl;
  const waitMs = options?.wait ?? defaults.wait ?? DEFAULTS.wait;
  const isShared = options?.mode === 'shared';
  const checked: CheckedLockOptions = {
    ttlMs,
    waitMs,
    // Who waits for ever means the nodes too.
    outageWaitMs:
      options?.outageWait ?? defaults.outageWait ?? (waitMs === Infinity ? Infinity : limits.nodeTimeoutMs),
    maxWaiting: options?.maxWaiting ?? defaults.maxWaiting ?? DEFAULTS.maxWaiting,
    signal: options?.signal,
    autoExtend: options?.autoExtend ?? defaults.autoExtend ?? DEFAULTS.autoExtend,
    maxHoldMs: options?.maxHold ?? defaults.maxHold ?? DEFAULTS.maxHold,
    // Those of the module are for locks that can have them.
    holdAtLeastMs:
      options?.holdAtLeast ?? (isShared ? undefined : defaults.holdAtLeast) ?? DEFAULTS.holdAtLeast,
    fencing: options?.fencing ?? (isShared ? undefined : defaults.fencing) ?? DEFAULTS.fencing,
    label: options?.label ?? defaults.label,
    mode: options?.mode ?? DEFAULTS.mode,
    limit: options?.limit,
    permits: options?.permits ?? DEFAULTS.permits,
    fair: options?.fair ?? defaults.fair ?? DEFAULTS.fair,
  };
  checkTtlWithin(ttlMs, limits, prefix);
  checkHolding(checked, prefix);
  return checked;
}

/** Checks a ttl against the limits of the lock service, for `lock.extend(ttl)` too. */
export function checkTtlWithin(ttlMs: number, limits: LockLimits, prefix = ''): void {
  checkTtl(ttlMs, `${prefix}ttl`);
  check(
    validForMs(ttlMs) >= 1,
    `${prefix}ttl`,
    ttlMs,
    'must be 4 or more: 1 % and 2 ms of it are kept back, since clocks differ, and no lock could be held for the rest',
  );
  check(
    ttlMs > limits.nodeTimeoutMs,
    `${prefix}ttl`,
    ttlMs,
    `must exceed nodeTimeout (${limits.nodeTimeoutMs}): a lock could end before all nodes had their time to answer. ` +
      'Raise ttl or lower nodeTimeout',
  );
  check(
    ttlMs <= limits.maxTtlMs,
    `${prefix}ttl`,
    ttlMs,
    `must not exceed maxTtl (${limits.maxTtlMs}). Locks are kept alive by autoExtend, so a short ttl does for long ` +
      'tasks; or raise maxTtl of the module',
  );
}

/** How mode, limit and permits go together, and with the rest. */
function checkKind({ mode, limit, permits, fencing, holdAtLeast }: LockOptions, prefix: string): void {
  const isShared = mode === 'shared';
  check(
    !isShared || limit === undefined,
    `${prefix}limit`,
    limit,
    "must be left out with mode: 'shared', which has no limit",
  );
  check(
    permits === undefined || limit !== undefined,
    `${prefix}permits`,
    permits,
    'needs a limit: say how many permits of the resource there are',
  );
  check(
    permits === undefined || limit === undefined || permits <= limit,
    `${prefix}permits`,
    permits,
    `must not exceed limit (${limit}): so many can never be had`,
  );
  check(
    !isShared || fencing !== true,
    `${prefix}fencing`,
    fencing,
    "must be left out with mode: 'shared': readers are not numbered, since several hold the resource at once",
  );
  check(
    !isShared || holdAtLeast === undefined || holdAtLeast === 0,
    `${prefix}holdAtLeast`,
    holdAtLeast,
    "must be left out with mode: 'shared': it would keep writers out after the reader is done",
  );
}

function checkHolding(checked: CheckedLockOptions, prefix: string): void {
  const { holdAtLeastMs, maxHoldMs, ttlMs, autoExtend } = checked;
  const name = `${prefix}holdAtLeast`;
  check(holdAtLeastMs <= maxHoldMs, name, holdAtLeastMs, `must not exceed maxHold (${maxHoldMs})`);
  check(
    autoExtend || holdAtLeastMs <= ttlMs,
    name,
    holdAtLeastMs,
    `must not exceed ttl (${ttlMs}) with autoExtend: false, since the lock ends with its ttl`,
  );
}

export function checkTtl(value: unknown, name: string): asserts value is number {
  check(
    Number.isSafeInteger(value) && (value as number) > 0,
    name,
    value,
    'must be a whole number of milliseconds above 0',
  );
}

/** One that is no more than a proxy or an imitation would throw where nobody expects it. */
function isAbortSignal(value: unknown): value is AbortSignal {
  try {
    return value instanceof AbortSignal && typeof value.aborted === 'boolean';
  } catch {
    return false;
  }
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function check(isRight: boolean, option: string, value: unknown, rule: string): asserts isRight {
  if (!isRight) throw new LockOptionsError(option, `${describeValue(value)} is not possible; it ${rule}.`);
}

/** Never more of it than can be read. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
