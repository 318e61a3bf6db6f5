import { hashTag, keySlot, tagOfSlot } from './key-slot';

/**
 * Where a node keeps the fencing counter of the resource at `key`: apart from all locks, and in the slot of the key, so
 * that in a Redis Cluster one script may use both.
 */
export function fenceKey(key: string): string {
  if (hashTag(key) !== key) return `fence:${key}`;
  // With a brace that closes there is no way to make a hash tag of the whole key, so another of the same slot does.
  return key.includes('}') ? `fence:{${tagOfSlot(keySlot(key))}}:${key}` : `fence:{${key}}`;
}
