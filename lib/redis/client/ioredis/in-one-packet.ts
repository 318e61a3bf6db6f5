import type { Cluster, Redis } from 'ioredis';
import { isCluster } from './break-connection';

/** Writes to the socket once for all requests that `send` makes: each write is a call into the operating system. */
export function inOnePacket(client: Redis | Cluster, send: () => void): void {
  const stream = isCluster(client) ? undefined : (client.stream as Redis['stream'] | undefined);
  stream?.cork();
  try {
    send();
  } finally {
    stream?.uncork();
  }
}
