import { hashTag, keySlot, tagOfSlot } from './key-slot';

/**
 * Makes the name of a key that belongs to another key, and is in the same slot. So one script may use both in a
 * Redis Cluster.
 *
 * @param clientPrefix the prefix that the client puts before all keys
 */
export function besideKey(name: string, key: string, clientPrefix = ''): string {
  const whole = clientPrefix + key;
  if (hashTag(whole) !== whole) return `${name}:${key}`;
  // A key with a closing brace cannot be a hash tag as a whole. So another tag of the same slot is used.
  return whole.includes('}') ? `${name}:{${tagOfSlot(keySlot(whole))}}:${key}` : `${name}:{${whole}}`;
}
