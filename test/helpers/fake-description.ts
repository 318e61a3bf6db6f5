import type { ConnectionWays } from '../../lib/redis/client/ioredis/keep-connected';
import type { RedisNodeDescription } from '../../lib/redis/client/redis-node-description.interface';
import { serverClientOf } from './server-client-of';

interface Parts extends Partial<ConnectionWays> {
  /** A client of ioredis, or what has the form of one. */
  readonly open: () => unknown;
}

/** A node that opens what a test hands out, without credentials, and is connected again after 50 ms. */
export function fakeDescription({ open, ...ways }: Parts): RedisNodeDescription {
  return { name: 'n', address: 'n', secrets: [], open: () => serverClientOf(open(), ways) };
}
