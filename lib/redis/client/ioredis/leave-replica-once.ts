import type { Redis } from './ioredis';

/**
 * Lets a client end its connection to a server that became a replica once, however many requests were refused there.
 * ioredis would end it again for each of them, and each time add a listener to it, until Node warns the user of a leak.
 */
export function leaveReplicaOnce(redis: Redis): void {
  const { reconnectOnError } = redis.options;
  if (typeof reconnectOnError !== 'function') return;
  redis.options.reconnectOnError = (error) => !redis.stream.writableEnded && reconnectOnError(error);
}
