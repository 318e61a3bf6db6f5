import { LockKeyError } from '../errors/lock-key.error';

const LONGEST_RESOURCE = 1_024;
const MOST_RESOURCES = 1_000;

/** The names of a call after the door: without duplicates, and sorted, so that all nodes see the same order. */
export function checkResources(resources: unknown): readonly string[] {
  if (typeof resources === 'string') return [checkResource(resources)];
  if (!Array.isArray(resources)) {
    throw new LockKeyError(
      `A resource is a string, not ${describe(resources)}. Pass one, or an array of them.`,
      resources,
    );
  }
  if (resources.length === 0) {
    throw new LockKeyError('The array of resources is empty. Pass at least one.', resources);
  }
  if (resources.length > MOST_RESOURCES) {
    throw new LockKeyError(
      `${resources.length} resources in one lock; at most ${MOST_RESOURCES} are possible. Lock what contains them instead.`,
      undefined,
    );
  }
  // Not `map`, which does not see holes.
  return [...new Set(Array.from(resources, checkResource))].sort();
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
  return resource;
}

function describe(value: unknown): string {
  return value === null ? 'null' : `of type ${typeof value}`;
}
