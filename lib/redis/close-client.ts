import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../core/clock.interface';
import { breakConnection } from './break-connection';

const LONGEST_GOODBYE_MS = 500;

/** Lets the requests under way be answered, if that is soon, and ends the connection for good. */
export function closeClient(client: Redis | Cluster, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const limit = clock.schedule(LONGEST_GOODBYE_MS, () => {
      client.disconnect();
      breakConnection(client);
      resolve();
    });
    const done = () => {
      limit.cancel();
      resolve();
    };
    if (client.status === 'end') {
      done();
      return;
    }
    client.once('end', done);
    if (client.status !== 'ready') {
      client.disconnect();
      return;
    }
    client.quit().catch(() => {
      client.disconnect();
    });
  });
}
