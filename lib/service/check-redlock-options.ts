import type { FencingSettings } from '../core/fencing';
import type { RestartGuard } from '../core/node-guard';
import { driftMs } from '../core/validity';
import { LockOptionsError } from '../errors/lock-options.error';
import type { RedlockOptions } from './redlock-options.interface';
import { checkEachLockOption } from '../locking/api/check-lock-options';
import { DEFAULT_TTL_MS, completeLockOptions, type LockLimits } from '../locking/api/complete-lock-options';
import { describeValue } from '../errors/describe-value';
import { LOCK_OPTIONS } from '../locking/api/lock-option-rules';
import { isText } from '../locking/api/check-resources';
import type { LockOptions } from '../locking/api/lock-options';
import { readOptions } from '../errors/read-options';
import { checkOnBusy, type WithLockOnBusy } from '../locking/api/with-lock-options';

/** The options of a lock service after the checks: complete, and in milliseconds. */
export interface CheckedRedlockOptions {
  /** The nodes as they were given. The code that opens them checks them. */
  readonly nodes: unknown;
  readonly limits: LockLimits;
  readonly fencing: FencingSettings;
  readonly restartGuard: RestartGuard;
  /** The clock of a node may get ahead by this much: the drift that a lock with the default ttl allows. */
  readonly clockBudgetMs: number;
  readonly defaults: LockOptions;
  readonly onBusy: WithLockOnBusy | undefined;
  readonly keyPrefix: string;
  readonly shutdownTimeoutMs: number;
}

const DEFAULTS = {
  keyPrefix: 'lock:',
  nodeTimeout: 500,
  maxTtl: 60_000,
  fencingTtl: 86_400_000,
  shutdownTimeout: 10_000,
};

/**
 * The share of `maxTtl` by which the clocks of clients and nodes may differ for fencing tokens. A node that forgot
 * its counters numbers by time, and only after `maxTtl`. So its numbers are later than all that it gave before.
 */
const CLOCK_SHARE = 0.25;

const GUARDS: readonly unknown[] = ['observed', 'strict', false] satisfies RestartGuard[];

const KNOWN = [
  'nodes',
  'keyPrefix',
  'nodeTimeout',
  'maxTtl',
  'fencingTtl',
  'restartGuard',
  'shutdownTimeout',
  'defaults',
  // Read by RedlockModule.
  'exceptionFilter',
  'answers',
  'isGlobal',
  'name',
];

/** Checks everything but the nodes, relations included. */
export function checkRedlockOptions(options: RedlockOptions): CheckedRedlockOptions {
  const {
    nodes,
    keyPrefix = DEFAULTS.keyPrefix,
    nodeTimeout = DEFAULTS.nodeTimeout,
    maxTtl = DEFAULTS.maxTtl,
    fencingTtl: givenFencingTtl,
    restartGuard = 'observed',
    shutdownTimeout = DEFAULTS.shutdownTimeout,
    exceptionFilter = true,
    defaults: givenDefaults = {},
  } = readOptions<Partial<RedlockOptions & { exceptionFilter: unknown }>>(options, KNOWN, {
    name: 'options',
    what: ' with at least `nodes`',
    each: 'an option of RedlockModule',
  });
  if (!isText(keyPrefix)) throw new LockOptionsError('keyPrefix', 'must be a string of well-formed text.');
  checkMilliseconds('nodeTimeout', nodeTimeout, 1);
  checkMilliseconds('maxTtl', maxTtl, 1);
  const fencingTtl =
    givenFencingTtl === undefined ? Math.max(DEFAULTS.fencingTtl, maxTtl * 2) : givenFencingTtl;
  // Otherwise a counter could be forgotten while its lock lasts.
  checkMilliseconds('fencingTtl', fencingTtl, maxTtl * 2);
  checkMilliseconds('shutdownTimeout', shutdownTimeout, 0);
  if (!GUARDS.includes(restartGuard))
    throw new LockOptionsError('restartGuard', "must be 'observed', 'strict' or false.");

  if (typeof exceptionFilter !== 'boolean')
    throw new LockOptionsError('exceptionFilter', 'must be true or false.');

  const limits = { nodeTimeoutMs: nodeTimeout, maxTtlMs: maxTtl };
  const { onBusy, ...lockDefaults } = readOptions(givenDefaults, [...LOCK_OPTIONS, 'onBusy'], {
    name: 'defaults',
    prefix: 'defaults.',
    what: ' of lock options',
    each: 'a lock option',
  });
  checkOnBusy('defaults.onBusy', onBusy);
  for (const option of ['mode', 'limit', 'permits'] as const) {
    if (lockDefaults[option] === undefined) continue;
    throw new LockOptionsError(
      `defaults.${option}`,
      'belongs to a single call or decorator: it says how that resource is held. Pass it there.',
    );
  }
  const defaults = checkEachLockOption(lockDefaults, 'defaults.');
  if (defaults.signal !== undefined) {
    throw new LockOptionsError(
      'defaults.signal',
      'belongs to a single call, since it would cancel all of them.',
    );
  }
  if (defaults.ttl === undefined && (maxTtl < DEFAULT_TTL_MS || nodeTimeout >= DEFAULT_TTL_MS)) {
    throw new LockOptionsError(
      'defaults.ttl',
      `is not given, and its default of ${DEFAULT_TTL_MS} does not fit: a ttl must exceed nodeTimeout (${nodeTimeout}) and ` +
        `must not exceed maxTtl (${maxTtl}). Say which ttl locks have, with defaults: { ttl: … }.`,
    );
  }
  const { ttlMs } = completeLockOptions(defaults, {}, limits, 'defaults.');
  return {
    nodes,
    limits,
    fencing: { skewMs: maxTtl * CLOCK_SHARE, keepMs: fencingTtl },
    restartGuard,
    clockBudgetMs: driftMs(ttlMs),
    defaults,
    onBusy,
    keyPrefix,
    shutdownTimeoutMs: shutdownTimeout,
  };
}

function checkMilliseconds(option: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new LockOptionsError(
      option,
      `must be a whole number of milliseconds, ${least} or more, but is ${describeValue(value)}.`,
    );
  }
}
