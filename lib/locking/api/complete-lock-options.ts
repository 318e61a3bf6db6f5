import { validForMs } from '../../core/validity';
import type { LockOptions } from './lock-options';
import { checkEachLockOption } from './check-lock-options';
import { checkLockOption, notPossible } from './lock-option-rules';

/** Options of a call after the check: complete, valid, durations in milliseconds. */
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

/** The limits of the lock service for the options of a lock. */
export interface LockLimits {
  readonly nodeTimeoutMs: number;
  readonly maxTtlMs: number;
}

export const DEFAULT_TTL_MS = 10_000;

/** The values that neither the call nor the module sets. */
const DEFAULTS = {
  ttl: DEFAULT_TTL_MS,
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

/**
 * Completes the options of a call with the defaults, and checks how they fit together. All calls go through this
 * function.
 */
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
    // A call that waits for ever waits for the nodes too.
    outageWaitMs:
      options?.outageWait ?? defaults.outageWait ?? (waitMs === Infinity ? Infinity : limits.nodeTimeoutMs),
    maxWaiting: options?.maxWaiting ?? defaults.maxWaiting ?? DEFAULTS.maxWaiting,
    signal: options?.signal,
    autoExtend: options?.autoExtend ?? defaults.autoExtend ?? DEFAULTS.autoExtend,
    maxHoldMs: options?.maxHold ?? defaults.maxHold ?? DEFAULTS.maxHold,
    // The module's value is for locks that can have one.
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

/** Checks a ttl against the limits of the lock service. `lock.extend(ttl)` uses it too. */
export function checkTtlWithin(ttlMs: number, { nodeTimeoutMs, maxTtlMs }: LockLimits, prefix = ''): void {
  checkLockOption('ttl', ttlMs, `${prefix}ttl`);
  const refuse = (rule: string) => notPossible(`${prefix}ttl`, ttlMs, rule);
  if (validForMs(ttlMs) < 1) {
    throw refuse(
      'must be 4 or more: 1 % and 2 ms of it are reserved for the differences of clocks, and no time would be left',
    );
  }
  if (ttlMs <= nodeTimeoutMs) {
    throw refuse(
      `must exceed nodeTimeout (${nodeTimeoutMs}): a lock could end before all nodes had their time to answer. ` +
        'Raise ttl or lower nodeTimeout',
    );
  }
  if (ttlMs > maxTtlMs) {
    throw refuse(
      `must not exceed maxTtl (${maxTtlMs}). autoExtend keeps locks alive, so a short ttl is enough for long ` +
        'tasks. Else raise maxTtl of the module',
    );
  }
}

function checkHolding(
  { holdAtLeastMs, maxHoldMs, ttlMs, autoExtend }: CheckedLockOptions,
  prefix: string,
): void {
  const refuse = (rule: string) => notPossible(`${prefix}holdAtLeast`, holdAtLeastMs, rule);
  if (holdAtLeastMs > maxHoldMs) throw refuse(`must not exceed maxHold (${maxHoldMs})`);
  if (!autoExtend && holdAtLeastMs > ttlMs)
    throw refuse(`must not exceed ttl (${ttlMs}) with autoExtend: false, since the lock ends with its ttl`);
}
