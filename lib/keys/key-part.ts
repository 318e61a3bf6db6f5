import type { LockKeyError } from '../errors/lock-key.error';
import { LONGEST_RESOURCE } from '../locking/api/check-resources';

/** Makes the error for the value of a placeholder. */
export type Fail = (problem: string) => LockKeyError;

/** Follows `path` from a value. Returns undefined if a part of the path is missing. */
export function readPath(readRoot: () => unknown, path: readonly string[], fail: Fail): unknown {
  try {
    return path.reduce<unknown>(
      (value, name) =>
        value === undefined || value === null ? undefined : (value as Record<string, unknown>)[name],
      readRoot(),
    );
  } catch (error) {
    // The getter is the caller's. Its error may contain what the key must not show, so only its kind is told.
    throw fail(`could not be read: a getter threw ${kindOfError(error)}. Name a property that can be read.`);
  }
}

/**
 * Encodes a value for a key, so that it never contains a separator of the template: ('a:b', 'c') and ('a', 'b:c')
 * are two keys.
 */
export function encodeKeyPart(value: unknown, fail: Fail): string {
  const problem = problemOf(value);
  if (problem !== undefined) throw fail(problem);
  try {
    return encodeURIComponent(String(value));
  } catch {
    throw fail('contains half of a surrogate pair, which no key can hold. Pass well-formed text.');
  }
}

const SHARED_BY_ALL =
  'so all such calls would share one lock. Pass a value, or refuse the call before it comes here.';

function problemOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return problemOfText(value);
    case 'number':
      return Number.isFinite(value) ? undefined : `is ${value}, which names nothing. Pass a finite number.`;
    case 'bigint':
    case 'boolean':
      return undefined;
    case 'undefined':
      return `is undefined, ${SHARED_BY_ALL}`;
    default:
      return value === null
        ? `is null, ${SHARED_BY_ALL}`
        : `is ${kindOf(value)}. Name a property of it, as in "<0.id>", or use a function as the key.`;
  }
}

function problemOfText(text: string): string | undefined {
  if (text === '') return `is an empty string, ${SHARED_BY_ALL}`;
  return text.length > LONGEST_RESOURCE
    ? `has ${text.length} characters; a key has at most ${LONGEST_RESOURCE}. Shorten or hash it.`
    : undefined;
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object') return `a ${typeof value}`;
  try {
    return Array.isArray(value) ? 'an array' : 'an object';
  } catch {
    // The value is a proxy that was revoked.
    return 'an object';
  }
}

/** The kind of a thrown value. Anything can be thrown, even a value that throws when it is read. */
function kindOfError(error: unknown): string {
  try {
    const kind: unknown = error instanceof Error ? error.name : typeof error;
    if (typeof kind === 'string' && /^\w{1,60}$/.test(kind)) return kind;
  } catch {
    // The fallback below is used.
  }
  return 'an error';
}
