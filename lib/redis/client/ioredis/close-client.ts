import type { Clock } from '../../../ports/clock.interface';
import type { Cluster, Redis } from './ioredis';

const LONGEST_GOODBYE_MS = 500;

/** Waits a short time for the answers to the requests under way, and then calls `drop`. */
export async function closeClient(client: Redis | Cluster, clock: Clock, drop: () => void): Promise<void> {
  if (client.status === 'ready') await sayGoodbye(client, clock);
  drop();
}

/** Ends a client for good that was reset before. */
export function disconnect(client: Redis | Cluster): void {
  // A client that has ended is left alone: ioredis would wait for its end again, with a timer that keeps the
  // process alive.
  if (client.status !== 'end') client.disconnect();
}

function sayGoodbye(client: Redis | Cluster, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const limit = clock.schedule(LONGEST_GOODBYE_MS, resolve);
    const done = () => {
      limit.cancel();
      resolve();
    };
    client.once('end', done);
    client.quit().catch(done);
  });
}
