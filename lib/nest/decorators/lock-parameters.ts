import { Caller } from '../../calls/caller';
import { callerAround } from '../../calls/handler-lock';
import { isForParameter, type WantedLock } from '../../calls/is-for-parameter';
import type { Lock } from '../../locking/api/lock.interface';
import { shared } from '../../calls/shared';

/** A parameter with `@CurrentLock()`, `@LockSignal()` or `@CallerSignal()`. */
export interface LockParameter extends WantedLock {
  readonly index: number;
  readonly wants: 'lock' | 'signal' | 'caller';
}

/** The parameters are kept apart from the classes, as the locked methods are. */
const marked = shared('lock parameters', () => new WeakMap<object, Map<string | symbol, LockParameter[]>>());

export function markLockParameter(
  prototype: object,
  propertyKey: string | symbol,
  parameter: LockParameter,
): void {
  const methods = marked.get(prototype) ?? new Map<string | symbol, LockParameter[]>();
  marked.set(prototype, methods.set(propertyKey, [...(methods.get(propertyKey) ?? []), parameter]));
}

/** The list is complete when the method is decorated: TypeScript decorates the parameters of a method before it. */
export function lockParametersOf(prototype: object, propertyKey: string | symbol): readonly LockParameter[] {
  return marked.get(prototype)?.get(propertyKey) ?? [];
}

/** The values that a call gives to its parameters. */
export interface LockedArguments {
  /** The lock. Missing if a test has replaced the lock service by one that gives none. */
  readonly lock: Lock | undefined;
  /** The connection of its lock service. */
  readonly connection: string | undefined;
  /** The caller. Undefined if its leaving cannot be noticed. */
  readonly caller: Caller | undefined;
  /** Replaces the signal of the lock. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The arguments of a call that runs under a lock. Its values replace the ones that the caller passed for these
 * parameters.
 */
export function fillLockParameters(
  args: readonly unknown[],
  parameters: readonly LockParameter[],
  { lock, connection, caller, signal }: LockedArguments,
): unknown[] {
  const filled = [...args];
  if (lock === undefined) return filled;
  for (const parameter of parameters) {
    if (isForParameter(parameter, lock, connection)) {
      filled[parameter.index] =
        parameter.wants === 'signal' && signal !== undefined
          ? signal
          : wantedOf(parameter, lock, () => callerSignal(caller));
    }
  }
  return filled;
}

/**
 * The signal of the caller. The caller of the method may stay although the caller of the handler around it leaves.
 */
function callerSignal(caller: Caller | undefined): AbortSignal {
  const own = (caller ?? new Caller()).signal;
  const around = callerAround();
  return around === undefined ? own : AbortSignal.any([own, around.signal]);
}

export function wantedOf(
  { wants }: LockParameter,
  lock: Lock | undefined,
  callerSignal: (() => AbortSignal) | undefined,
): Lock | AbortSignal | undefined {
  if (wants === 'caller') return callerSignal?.();
  return wants === 'signal' ? lock?.signal : lock;
}
