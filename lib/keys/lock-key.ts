import { types } from 'node:util';
import { LockKeyError } from '../errors/lock-key.error';
import { MOST_NAMES } from '../locking/api/check-resources';
import { compileKeyTemplate, type KeyRoots } from './key-template';

/** Finds the values of a key of one place (a method, an execution context) at a call. */
export interface KeySource<Call> extends KeyRoots<Call> {
  call(keyFunction: (...args: never[]) => unknown, call: Call): unknown;
}

/**
 * Compiles a key of any form to a function from a call to resources, when the class is defined.
 *
 * @throws LockKeyError at once if it can never give a resource
 */
export function compileLockKey<Call>(
  key: unknown,
  source: KeySource<Call>,
): (call: Call) => string | readonly string[] {
  if (typeof key === 'string') return compileKeyTemplate(key, source);
  if (typeof key === 'function') {
    return (call) => checkResult(source.call(key as (...args: never[]) => unknown, call));
  }
  const list = readListOf(key, (template) => typeof template === 'string');
  if (list !== undefined) {
    const templates = (list as string[]).map((template) => compileKeyTemplate(template, source));
    return (call) => templates.map((resolve) => resolve(call));
  }
  throw new LockKeyError(
    'A lock key is neither a template, nor an array of templates, nor a function. ' +
      'Name what is locked, as in "order:<0>" or ["account:<0.from>", "account:<0.to>"].',
    key,
  );
}

function checkResult(result: unknown): string | readonly string[] {
  if (isResource(result)) return result;
  const list = readListOf(result, isResource);
  if (list !== undefined) return list as string[];
  ignoreRejections(result);
  throw new LockKeyError(
    `A lock key function returned ${describe(result)}. Return a string, or an array of strings, that is not empty, ` +
      'and return it at once, not as a promise.',
    undefined,
  );
}

/**
 * Copies an array of valid items, without holes. Returns undefined for anything else, and for an array that is too
 * long to look through. The number of different resources is checked later, with the lock.
 */
export function readListOf(value: unknown, isRight: (item: unknown) => boolean): unknown[] | undefined {
  try {
    if (!Array.isArray(value) || value.length === 0 || value.length > MOST_NAMES) return undefined;
    const list = Array.from({ length: value.length }, (_, i): unknown => value[i]);
    return list.every(isRight) ? list : undefined;
  } catch {
    // A getter or a proxy throws.
    return undefined;
  }
}

function isResource(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Describes a result. It never shows the value itself, which may be personal data. */
function describe(result: unknown): string {
  if (types.isPromise(result)) return 'a promise';
  const length = lengthOf(result);
  if (length !== undefined) {
    if (length > MOST_NAMES) return `an array of more than ${MOST_NAMES}`;
    return length === 0 ? 'an empty array' : 'an array with other things than strings';
  }
  return result === '' ? 'an empty string' : result === null ? 'null' : `a value of type ${typeof result}`;
}

/** The length of an array. Undefined if the value is no array, or cannot be read. */
function lengthOf(value: unknown): number | undefined {
  try {
    return Array.isArray(value) ? value.length : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Handles the promise of a key function that was async. The error says that it was; the rejection of the promise
 * must not end the process.
 */
function ignoreRejections(result: unknown): void {
  const list = readListOf(result, () => true) ?? [result];
  for (const item of list) {
    if (types.isPromise(item)) item.catch(() => undefined);
  }
}
