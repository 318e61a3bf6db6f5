import { hashTag, keySlot, tagOfSlot } from './key-slot';

/**
 * Where a node keeps the fencing counter of the resource at `key`: apart from all locks, and in the slot of the key, so
 * that in a Redis Cluster one script may use both.
 */
export function fenceKey(key: string): string {
  return besideKey('fence', key);
}

/**
 * A key that belongs to another, in the same slot.
 *
 * @param clientPrefix what the client puts before all keys
 */
export function besideKey(name: string, key: string, clientPrefix = ''): string {
  const whole = clientPrefix + key;
  if (hashTag(whole) !== whole) return `${name}:${key}`;
  // With a brace that closes there is no way to make a hash tag of the whole key, so another of the same slot does.
  return whole.includes('}') ? `${name}:{${tagOfSlot(keySlot(whole))}}:${key}` : `${name}:{${whole}}`;
}
