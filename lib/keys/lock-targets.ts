import { LockKeyError } from '../errors/lock-key.error';
import type { LockTarget, LockTargets } from '../locking/checks/check-targets';
import { compileLockKey, type KeySource } from './lock-key';

/**
 * Compiles the key of a lock, when the class is defined, to a function from a call to what is locked: as
 * {@link compileLockKey}, and resources may be only read.
 *
 * @throws LockKeyError at once when it can never give a resource
 */
export function compileLockTargets<Call>(key: unknown, source: KeySource<Call>): (call: Call) => LockTargets {
  if (typeof key === 'function') return (call) => resultOf(key as KeyFunction, source, call);
  if (isShared(key)) return compileTarget(key, source);
  if (!mentionsShared(key)) return compileLockKey(key, source);
  const targets = key.map((target) => compileTarget(target, source));
  return (call) => targets.map((resolve) => resolve(call));
}

type KeyFunction = (...args: never[]) => unknown;

function compileTarget<Call>(target: unknown, source: KeySource<Call>): (call: Call) => LockTarget {
  const template = isShared(target) ? target.shared : target;
  if (typeof template !== 'string') {
    throw new LockKeyError('A part of a lock key is neither a template nor { shared: template }.', target);
  }
  const resolve = compileLockKey(template, source);
  return isShared(target) ? (call) => ({ shared: only(resolve(call)) }) : (call) => only(resolve(call));
}

function resultOf<Call>(keyFunction: KeyFunction, source: KeySource<Call>, call: Call): LockTargets {
  const result = source.call(keyFunction, call);
  const isOurs = isShared(result)
    ? typeof result.shared === 'string'
    : mentionsShared(result) && result.every(isTarget);
  if (isOurs) return result as LockTargets;
  // Whatever else it is, is checked as that of any key.
  return compileLockKey(() => result, source)(call);
}

function isTarget(value: unknown): boolean {
  return typeof value === 'string' || (isShared(value) && typeof value.shared === 'string');
}

/** One template gives one name. */
function only(name: string | readonly string[]): string {
  return typeof name === 'string' ? name : (name[0] ?? '');
}

function mentionsShared(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value) && value.some(isShared);
  } catch {
    // A getter or a proxy that throws.
    return false;
  }
}

function isShared(value: unknown): value is { readonly shared: unknown } {
  try {
    return typeof value === 'object' && value !== null && !Array.isArray(value) && 'shared' in value;
  } catch {
    return false;
  }
}
