import type { Redis } from './ioredis';

/**
 * Calls `isReady` when a connection is ready. ioredis 5.11 says so also of one that has ended before the server answered
 * its greeting, and would then refuse to connect again: its `status` is put right.
 */
export function onReady(redis: Redis, isReady: () => void): void {
  redis.on('ready', () => {
    const stream = redis.stream as Redis['stream'] | undefined;
    if (stream?.destroyed === true) redis.status = 'end';
    else isReady();
  });
}
