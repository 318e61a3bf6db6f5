import { LockKeyError } from '../errors/lock-key.error';
import { sharedNameIn, type LockTarget, type LockTargets } from '../locking/api/check-targets';
import { compileKeyTemplate } from './key-template';
import { compileLockKey, readListOf, type KeySource } from './lock-key';

/**
 * Compiles the key of a lock to a function from a call to its resources, when the class is defined. It is like
 * {@link compileLockKey}, but resources may be only read.
 *
 * @throws LockKeyError at once if it can never give a resource
 */
export function compileLockTargets<Call>(key: unknown, source: KeySource<Call>): (call: Call) => LockTargets {
  if (typeof key === 'function') return (call) => resultOf(key as KeyFunction, source, call);
  if (isShared(key)) return compileTarget(key, source);
  const list = listWithShared(key);
  if (list === undefined) return compileLockKey(key, source);
  const targets = list.map((target) => compileTarget(target, source));
  return (call) => targets.map((resolve) => resolve(call));
}

/** The resources in a key as they are written: two different templates are two resources in nearly all calls. */
export interface TargetsInKey {
  readonly names: ReadonlySet<string>;
  /** The resources that are not only read. */
  readonly exclusive: ReadonlySet<string>;
}

/**
 * The resources that a key of {@link compileLockTargets} names in every call.
 *
 * @returns undefined if only a call can tell
 */
export function targetsIn(key: unknown): TargetsInKey | undefined {
  if (typeof key === 'function') return undefined;
  const list = readListOf(key, () => true) ?? [key];
  const nameOf = (target: unknown) => (isShared(target) ? sharedNameIn(target) : target) as string;
  const exclusive = list.filter((target) => !isShared(target));
  return { names: new Set(list.map(nameOf)), exclusive: new Set(exclusive.map(nameOf)) };
}

type KeyFunction = (...args: never[]) => unknown;

function compileTarget<Call>(target: unknown, source: KeySource<Call>): (call: Call) => LockTarget {
  if (!isShared(target)) return compileName(target, source);
  const resolve = compileName(sharedNameIn(target), source);
  return (call) => ({ shared: resolve(call) });
}

function compileName<Call>(template: unknown, source: KeySource<Call>): (call: Call) => string {
  if (typeof template !== 'string') {
    throw new LockKeyError(
      'A part of a lock key is neither a template nor { shared: template }. Name what is locked, as in "order:<0>".',
      template,
    );
  }
  return compileKeyTemplate(template, source);
}

function resultOf<Call>(keyFunction: KeyFunction, source: KeySource<Call>, call: Call): LockTargets {
  const result = source.call(keyFunction, call);
  const targets = isShared(result) ? [result] : listWithShared(result);
  if (targets?.every((target) => typeof target === 'string' || isShared(target)) === true) {
    // These are copies of the checked targets, which could change when they are read again.
    return targets.map((target) => (isShared(target) ? { shared: sharedNameIn(target) as string } : target));
  }
  // Any other result is checked like that of any key.
  return compileLockKey(() => result, source)(call);
}

/**
 * Copies a list in which something is only read. Returns undefined for any other list, which
 * {@link compileLockKey} handles.
 */
function listWithShared(value: unknown): readonly LockTarget[] | undefined {
  const list = readListOf(value, () => true);
  return list?.some(isShared) === true ? (list as LockTarget[]) : undefined;
}

function isShared(value: unknown): value is { readonly shared: string } {
  try {
    return typeof value === 'object' && value !== null && !Array.isArray(value) && 'shared' in value;
  } catch {
    // The value is a proxy that throws.
    return false;
  }
}
