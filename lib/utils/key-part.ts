import type { LockKeyError } from '../errors/lock-key.error';

type Fail = (problem: string) => LockKeyError;

/** Follows `path` from a value; undefined as soon as there is nothing to follow. */
export function readPath(readRoot: () => unknown, path: readonly string[], fail: Fail): unknown {
  try {
    return path.reduce<unknown>(
      (value, name) =>
        value === undefined || value === null ? undefined : (value as Record<string, unknown>)[name],
      readRoot(),
    );
  } catch (error) {
    // A getter of the caller's. Its error may show what the key must not, so only its kind is told.
    const kind = error instanceof Error ? error.name : typeof error;
    throw fail(`could not be read: a getter threw ${kind}. Name a property that can be read.`);
  }
}

/**
 * The value as it stands in a key. Encoded, so that a value never contains a separator of the template: ('a:b', 'c')
 * and ('a', 'b:c') are two keys.
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
      return value === '' ? `is an empty string, ${SHARED_BY_ALL}` : undefined;
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

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
