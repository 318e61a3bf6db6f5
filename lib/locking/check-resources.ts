import { FENCE_COUNTERS } from '../core/reserved-names';
import { LockKeyError } from '../errors/lock-key.error';

export const LONGEST_RESOURCE = 1_024;
export const MOST_RESOURCES = 1_000;

/** The names of a call after the door: without duplicates, and sorted, so that all nodes see the same order. */
export function checkResources(resources: unknown): readonly string[] {
  if (typeof resources === 'string') return [checkResource(resources)];
  const list = readList(resources);
  if (list === undefined) {
    throw new LockKeyError(
      `A resource is a string, not ${describe(resources)}. Pass one, or an array of them.`,
      resources,
    );
  }
  if (list.length === 0) {
    throw new LockKeyError('The array of resources is empty. Pass at least one.', resources);
  }
  if (list.length > MOST_RESOURCES) {
    throw new LockKeyError(
      `${list.length} resources in one lock; at most ${MOST_RESOURCES} are possible. Lock what contains them instead.`,
      undefined,
    );
  }
  return [...new Set(list.map(checkResource))].sort();
}

/** A copy without holes, as long as may be; only the length of a longer one. Undefined: it is no array. */
function readList(resources: unknown): { readonly length: number; map: unknown[]['map'] } | undefined {
  try {
    if (!Array.isArray(resources)) return undefined;
    const { length } = resources;
    // By position: neither holes nor an iterator of its own may hide anything.
    return length > MOST_RESOURCES
      ? new Array<unknown>(length)
      : Array.from({ length }, (_, i): unknown => resources[i]);
  } catch {
    throw new LockKeyError(
      'The array of resources could not be read: it throws. Pass a plain array.',
      undefined,
    );
  }
}

export function checkResource(resource: unknown): string {
  if (typeof resource !== 'string') {
    throw new LockKeyError(
      `A resource is a string, not ${describe(resource)}. Make it one, such as "order:7".`,
      resource,
    );
  }
  if (resource === '') {
    throw new LockKeyError('A resource is empty. Give what is locked a name, such as "order:7".', resource);
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

/** Redis would get the same mark for every half of a surrogate pair, and different names would share a key. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !HALF_OF_A_PAIR.test(value);
}

const HALF_OF_A_PAIR = /\p{Surrogate}/u;

function describe(value: unknown): string {
  return value === null ? 'null' : `of type ${typeof value}`;
}
