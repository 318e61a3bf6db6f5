import type { Cluster, Redis } from './ioredis';

/** Looks at what the client can do: it may come from another copy of ioredis than ours, or from a fork of it. */
export function isClient(input: unknown): input is Redis | Cluster {
  if (!isObject(input)) return false;
  const { duplicate, sendCommand, connect } = input as Partial<Record<keyof Redis, unknown>>;
  if (![duplicate, sendCommand, connect].every(isFunction)) return false;
  // Others have these too, but not those. Of a LockNode, whose `status` may throw, they are not read.
  const { isCluster, status, options } = input as Partial<Record<keyof Redis, unknown>>;
  return typeof isCluster === 'boolean' && typeof status === 'string' && isObject(options);
}

/** What a client of another package is called in an error; undefined for what is none. */
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
