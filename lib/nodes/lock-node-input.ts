import type { LockNode } from '../ports/lock-node.interface';
import { LockOptionsError } from '../errors/lock-options.error';
import { MemoryLockNode } from '../memory/memory-lock-node';
import type { Cluster, Redis } from '../redis/client/ioredis/ioredis';
import { foreignClient, isClient } from '../redis/client/ioredis/is-client';
import type { RedisNodeOptions } from '../redis/client/ioredis/redis-node-options';
import { ForeignNode } from './foreign-node';

/**
 * One independent Redis master, as
 * - a URL: `redis://host:6379`, `rediss://user:password@host:6380/1`; `valkey://` and `redict://` are the same
 * - options of ioredis (TLS, Sentinel, database, …), where passwords and TLS may be functions
 * - a client of ioredis, `Redis` or `Cluster`: it is duplicated, and neither used nor closed. Its password and TLS
 *   options are read again for each connection
 * - any {@link LockNode}, such as a `MemoryLockNode`
 */
export type RedlockNodeInput = string | RedisNodeOptions | Redis | Cluster | LockNode;

const VERBS = [
  ...(['acquire', 'extend', 'raiseFence', 'release'] as const),
  ...(['inspect', 'onReleased', 'onStatus', 'close'] as const),
] satisfies (keyof LockNode)[];

/**
 * Reads an entry of `nodes` that is a lock node, and makes it safe unless it is one of ours. Undefined for any
 * other entry.
 *
 * @throws LockOptionsError if a method is missing: as options of ioredis such an object would mean localhost
 */
export function lockNodeFrom(input: unknown, option: string): LockNode | undefined {
  if (typeof input !== 'object' || input === null || isClient(input)) return undefined;
  if (Object.getPrototypeOf(input) === MemoryLockNode.prototype) return input as MemoryLockNode;
  const given = input as Partial<LockNode>;
  const isSharing = (given as { sharing?: unknown }).sharing === true;
  const missing: string[] = VERBS.filter((verb) => typeof given[verb] !== 'function');
  // A client of another package has a `close` too. It is refused later, by its name.
  if (missing.length === VERBS.length || (missing.length > 0 && foreignClient(input) !== undefined))
    return undefined;
  // The node says that it supports the line.
  if (isSharing && typeof given.leave !== 'function') missing.push('leave');
  const { name } = given;
  if (typeof name === 'string' && name !== '' && missing.length === 0) {
    return new ForeignNode(given as LockNode, name, isSharing);
  }
  const lacks = missing.length > 0 ? `no ${missing.join(', ')}` : 'no name that is a string';
  throw new LockOptionsError(
    option,
    `looks like a LockNode, but has ${lacks}. Write all of a LockNode, a URL, options of ioredis, or a client of ioredis.`,
  );
}
