import { hashTag, keySlot, tagOfSlot } from './key-slot';

/**
 * A key that belongs to another, in the same slot, so that in a Redis Cluster one script may use both.
 *
 * @param clientPrefix what the client puts before all keys
 */
export function besideKey(name: string, key: string, clientPrefix = ''): string {
  const whole = clientPrefix + key;
  if (hashTag(whole) !== whole) return `${name}:${key}`;
  // With a brace that closes there is no way to make a hash tag of the whole key, so another of the same slot does.
  return whole.includes('}') ? `${name}:{${tagOfSlot(keySlot(whole))}}:${key}` : `${name}:{${whole}}`;
}
