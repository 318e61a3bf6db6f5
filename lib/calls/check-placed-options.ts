import { LockOptionsError } from '../errors/lock-options.error';
import { checkServiceName } from '../service/lock-service-token';
import type { LockedOptions } from './locked-options.interface';
import type { LockOptions } from '../locking/api/lock-options';
import { checkEachLockOption } from '../locking/api/check-lock-options';
import { LOCK_OPTIONS } from '../locking/api/lock-option-rules';
import type { LockService, WithLockOptions } from '../service/lock.service';
import { readOptions } from '../errors/read-options';

const OF_A_PLACE = Object.keys({
  reentrant: true,
  connection: true,
  onBusy: true,
  onUnavailable: true,
  onLost: true,
  onLeave: true,
  callerMayLeave: true,
  returns: true,
} satisfies Record<Exclude<keyof LockedOptions, keyof LockOptions>, true>);

const KNOWN = [...LOCK_OPTIONS, ...OF_A_PLACE];

/**
 * Checks the options of a decorator or interceptor when its class is defined. If they fit those of the module is
 * checked when the application starts, and at a call.
 *
 * @returns a plain copy, which cannot change after the check
 * @throws LockOptionsError
 */
export function checkPlacedOptions<O>(given: O): O {
  const options = readOptions(given, KNOWN, {
    name: 'options',
    what: ', such as { wait: 2_000 }',
    each: 'a lock option',
  });
  const {
    onBusy,
    onUnavailable,
    onLost,
    onLeave,
    callerMayLeave,
    returns,
    connection,
    reentrant,
    label,
    ...lockOptions
  } = options;
  // The result of a function is checked at a call.
  checkEachLockOption(typeof label === 'function' ? lockOptions : { ...lockOptions, label });
  if (!isOneOf(onBusy, [undefined, 'throw', 'skip']) && typeof onBusy !== 'function') {
    throw new LockOptionsError('onBusy', `must be 'throw', 'skip' or a function.`);
  }
  if (!isOneOf(onUnavailable, [undefined, 'throw']) && typeof onUnavailable !== 'function') {
    throw new LockOptionsError('onUnavailable', `must be 'throw' or a function.`);
  }
  if (!isOneOf(onLost, [undefined, 'throw', 'ignore']) && typeof onLost !== 'function') {
    throw new LockOptionsError('onLost', `must be 'throw', 'ignore' or a function.`);
  }
  if (!isOneOf(onLeave, [undefined, 'stop', 'finish'])) {
    throw new LockOptionsError('onLeave', `must be 'stop' or 'finish'.`);
  }
  if (!isOneOf(returns, [undefined, 'promise', 'observable', 'async-generator'])) {
    throw new LockOptionsError('returns', `must be 'promise', 'observable' or 'async-generator'.`);
  }
  for (const [name, value] of Object.entries({ reentrant, callerMayLeave })) {
    if (value !== undefined && typeof value !== 'boolean') {
      throw new LockOptionsError(name, 'must be true or false.');
    }
  }
  if (connection !== undefined) checkServiceName('connection', connection);
  return options as O;
}

/**
 * Checks if the options of a decorator or interceptor fit those of the module, when the application starts. Else a
 * job at night would be the first to find the mistake.
 *
 * @param service may be a mock with only the members that a test needs
 * @param place for people: `@Locked on OrderService.pay`
 * @param use the election that the options are for, or if the key names resources that are only read beside others
 */
export function checkOptionsWithService(
  service: Partial<LockService>,
  options: WithLockOptions,
  place: string,
  {
    election,
    isMixed = false,
  }: { readonly election?: string | undefined; readonly isMixed?: boolean | undefined },
): void {
  try {
    if (isMixed) service.checkMixed?.();
    if (election === undefined) service.checkOptions?.(options);
    else service.declareElection?.(election, options);
  } catch (error) {
    throw error instanceof LockOptionsError ? error.at(place) : error;
  }
}

function isOneOf(value: unknown, choices: readonly unknown[]): boolean {
  return choices.includes(value);
}
