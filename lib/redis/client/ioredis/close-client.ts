import type { Clock } from '../../../ports/clock.interface';
import type { Cluster, Redis } from './ioredis';

const LONGEST_GOODBYE_MS = 500;

/** Lets the requests under way be answered, if that is soon, and then calls `drop`. */
export async function closeClient(client: Redis | Cluster, clock: Clock, drop: () => void): Promise<void> {
  if (client.status === 'ready') await sayGoodbye(client, clock);
  drop();
}

/** Ends what is reset already for good. */
export function disconnect(client: Redis | Cluster): void {
  // Of one that has ended, ioredis would wait for the end again, with a timer that keeps the process alive.
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
