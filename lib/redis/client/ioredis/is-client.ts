import type { Cluster, Redis } from './ioredis';

/**
 * Tells if a value is a client. It looks at the methods, since the client may come from another copy of ioredis
 * than ours, or from a fork of it.
 */
export function isClient(input: unknown): input is Redis | Cluster {
  if (!isObject(input)) return false;
  const { duplicate, sendCommand, connect } = input as Partial<Record<keyof Redis, unknown>>;
  if (![duplicate, sendCommand, connect].every(isFunction)) return false;
  // Other objects have these fields too, but not the methods above. They are read last: the `status` of a LockNode
  // may throw.
  const { isCluster, status, options } = input as Partial<Record<keyof Redis, unknown>>;
  return typeof isCluster === 'boolean' && typeof status === 'string' && isObject(options);
}

/** The name for a client of another package in an error. Undefined if the input is no such client. */
export function foreignClient(input: object): string | undefined {
  const { sendCommand, customCommand, duplicate, multi, pipeline } = input as Partial<
    Record<string, unknown>
  >;
  if (isFunction(customCommand)) return 'a client of the package @valkey/valkey-glide';
  if (isFunction(sendCommand) && 'isOpen' in input) return 'a client of the package `redis`';
  if ([sendCommand, duplicate, multi, pipeline].some(isFunction))
    return 'a client of another package than ioredis';
  return undefined;
}

function isObject(input: unknown): input is object {
  return typeof input === 'object' && input !== null;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
