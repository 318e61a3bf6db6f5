import type { Server, ServerEvents } from '../server-client.interface';
import { Handshake } from './handshake';
import type { Redis } from './ioredis';
import { onReady } from './on-ready';
import { SentinelReasons } from './sentinel-reasons';

/** Translates the events of a client that we opened. An 'error' without a listener would be printed or thrown. */
export function watchServer(redis: Redis, server: Server, events: ServerEvents): void {
  const handshake = new Handshake(redis);
  const sentinels = new SentinelReasons(redis);
  let isDatabaseRefused = false;
  redis.on('error', (error: unknown) => {
    const reason = sentinels.reasonIn(error);
    if (reason !== undefined) events.onError(reason);
    isDatabaseRefused ||= commandOf(error) === 'select';
  });
  redis.on('connecting', () => {
    isDatabaseRefused = false;
  });
  onReady(redis, () => {
    // ioredis would go on in database 0, where no other process looks for our locks.
    if (isDatabaseRefused) {
      redis.disconnect(true);
      return;
    }
    events.onServerReady(server);
    events.onUp();
  });
  redis.on('close', () => {
    const { failure } = handshake;
    if (failure !== undefined) events.onError(failure);
    events.onDown();
  });
  redis.on('end', () => {
    events.onDown();
  });
}

function commandOf(error: unknown): unknown {
  const { command } = error as { command?: { name?: unknown } };
  return command?.name;
}
