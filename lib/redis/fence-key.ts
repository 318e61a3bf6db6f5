/**
 * Where a node keeps the fencing counter of the resource at `key`: apart from all locks, and in the slot of the key, so
 * that in a Redis Cluster one script may use both.
 *
 * A key with braces that are no hash tag has no such place; its counter works everywhere but in a Redis Cluster.
 */
export function fenceKey(key: string): string {
  return key.includes('}') ? `fence:${key}` : `fence:{${key}}`;
}
