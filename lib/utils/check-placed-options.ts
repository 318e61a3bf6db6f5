import { LockOptionsError } from '../errors/lock-options.error';
import type { LockedOptions } from '../interfaces/locked-options.interface';
import { checkEachLockOption } from '../locking/check-lock-options';

const KNOWN = Object.keys({
  ttl: true,
  wait: true,
  signal: true,
  autoExtend: true,
  maxHold: true,
  holdAtLeast: true,
  fencing: true,
  reentrant: true,
  connection: true,
  onBusy: true,
  onLost: true,
  returns: true,
} satisfies Record<keyof LockedOptions, true>);

/**
 * Checks options that stand at a class, when it is defined. How they go together with those of the module is checked
 * at a call, when the lock service is known.
 *
 * @throws LockOptionsError
 */
export function checkPlacedOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new LockOptionsError('options', 'must be an object, such as { wait: 2_000 }.');
  }
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) {
      throw new LockOptionsError(name, `is not a lock option. Known are: ${KNOWN.join(', ')}.`);
    }
  }
  const { onBusy, onLost, returns, connection, reentrant, ...lockOptions } = options as Record<
    string,
    unknown
  >;
  checkEachLockOption(lockOptions);
  if (!isOneOf(onBusy, [undefined, 'throw', 'skip']) && typeof onBusy !== 'function') {
    throw new LockOptionsError('onBusy', `must be 'throw', 'skip' or a function.`);
  }
  if (!isOneOf(onLost, [undefined, 'throw', 'ignore']) && typeof onLost !== 'function') {
    throw new LockOptionsError('onLost', `must be 'throw', 'ignore' or a function.`);
  }
  if (!isOneOf(returns, [undefined, 'promise', 'observable', 'async-generator'])) {
    throw new LockOptionsError('returns', `must be 'promise', 'observable' or 'async-generator'.`);
  }
  if (reentrant !== undefined && typeof reentrant !== 'boolean') {
    throw new LockOptionsError('reentrant', 'must be true or false.');
  }
  if (connection !== undefined) checkServiceName('connection', connection);
}

function isOneOf(value: unknown, choices: readonly unknown[]): boolean {
  return choices.includes(value);
}

/** The name of a lock service, where a module gives or a method asks for it. */
export function checkServiceName(option: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw new LockOptionsError(option, 'must be a string that is not empty, or be left out.');
  }
}
