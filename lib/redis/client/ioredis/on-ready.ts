import type { Redis } from './ioredis';

/**
 * Calls `isReady` when a connection is ready. ioredis 5.11 emits 'ready' also for a connection that ended before
 * the server answered the greeting, and then it refuses to connect again. In that case this function corrects its
 * `status`.
 */
export function onReady(redis: Redis, isReady: () => void): void {
  redis.on('ready', () => {
    const stream = redis.stream as Redis['stream'] | undefined;
    if (stream?.destroyed === true) redis.status = 'end';
    else isReady();
  });
}
