import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../../ports/clock.interface';
import { breakConnection } from './break-connection';

const LONGEST_GOODBYE_MS = 500;

/** Lets the requests under way be answered, if that is soon, and ends the connection for good. */
export async function closeClient(client: Redis | Cluster, clock: Clock): Promise<void> {
  if (client.status === 'ready') await sayGoodbye(client, clock);
  dropClient(client);
}

/** Ends the connection for good, without a word. */
export function dropClient(client: Redis | Cluster): void {
  // Reset first: an orderly end would wait for a server that may be silent.
  breakConnection(client);
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
