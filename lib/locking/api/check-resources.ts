import { FENCE_COUNTERS } from '../../ports/reserved-names';
import { LockKeyError } from '../../errors/lock-key.error';

export const LONGEST_RESOURCE = 1_024;
export const MOST_RESOURCES = 1_000;
/** The most names that are looked at, counting duplicates. */
export const MOST_NAMES = 100_000;

/** The checked names of a call: without duplicates, and sorted, so that all nodes see the same order. */
export function checkResources(resources: unknown): readonly string[] {
  if (typeof resources === 'string') return [checkResource(resources)];
  const names = readNames(resources);
  if (names === undefined) {
    throw new LockKeyError(
      `A resource is a string, not ${describe(resources)}. Pass one, or an array of them.`,
      resources,
    );
  }
  if (names.size === 0) {
    throw new LockKeyError('The array of resources is empty. Pass at least one.', resources);
  }
  return [...names].sort();
}

/** The different names of an array. Undefined if the value is no array. */
function readNames(resources: unknown): ReadonlySet<string> | undefined {
  if (!isArray(resources)) return undefined;
  const names = new Set<string>();
  const length = readSafely(() => resources.length);
  if (!(length <= MOST_NAMES)) {
    throw new LockKeyError(
      `A lock has ${length} resources; at most ${MOST_RESOURCES} different ones are possible. Lock one resource that contains them instead.`,
      undefined,
    );
  }
  // This reads by position, so that neither holes nor an iterator of the array can hide names.
  for (let position = 0; position < length; position += 1) {
    names.add(checkResource(readSafely(() => resources[position])));
    if (names.size > MOST_RESOURCES) {
      throw new LockKeyError(
        `A lock has more than ${MOST_RESOURCES} different resources; at most ${MOST_RESOURCES} are possible. Lock one resource that contains them instead.`,
        undefined,
      );
    }
  }
  return names;
}

function isArray(value: unknown): value is readonly unknown[] {
  return readSafely(() => Array.isArray(value));
}

/** Reads what a caller gave: a getter or a proxy of it may throw anything. */
export function readSafely<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new LockKeyError(
      'The resources could not be read: they throw. Pass a string, { shared: name }, or a plain array of them.',
      undefined,
    );
  }
}

export function checkResource(resource: unknown): string {
  if (typeof resource !== 'string') {
    throw new LockKeyError(
      `A resource is a string, not ${describe(resource)}. Pass a string, such as "order:7".`,
      resource,
    );
  }
  if (resource === '') {
    throw new LockKeyError('A resource is empty. Give it a name, such as "order:7".', resource);
  }
  if (resource.length > LONGEST_RESOURCE) {
    throw new LockKeyError(
      `A resource has ${resource.length} characters; at most ${LONGEST_RESOURCE} are possible. Shorten or hash it.`,
      resource,
    );
  }
  if (resource.startsWith(FENCE_COUNTERS)) {
    throw new LockKeyError(
      `A resource begins with "${FENCE_COUNTERS}", where the nodes keep the counters of fencing tokens. Give it another name.`,
      resource,
    );
  }
  if (!isText(resource)) {
    throw new LockKeyError(
      'A resource contains half of a surrogate pair, which no key can hold. Pass well-formed text.',
      resource,
    );
  }
  return resource;
}

function describe(value: unknown): string {
  return value === null ? 'null' : `of type ${typeof value}`;
}

const HALF_OF_A_PAIR = /\p{Surrogate}/u;

/**
 * Tells if a value is a string that can be sent. Redis would get the same character for each half of a surrogate
 * pair, so different names would share a key.
 */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !HALF_OF_A_PAIR.test(value);
}
