import type { Redis } from './ioredis';

/**
 * Resets the connection of `server`, which then connects again.
 *
 * A reset drops what is still waiting to leave this machine. An orderly end would go on sending it, and a lock
 * that was given up long ago could arrive after the new connection has released it.
 */
export function resetConnection(server: Redis): void {
  const stream = server.stream as Redis['stream'] | undefined;
  if (stream === undefined) return;
  // Nothing was sent, or an orderly end has begun. In the second case Node cannot reset the connection, and would
  // not close it either.
  if (stream.connecting || stream.writableEnded) {
    stream.destroy();
    return;
  }
  try {
    stream.resetAndDestroy();
  } catch {
    // The connection is not plain TCP, but TLS or a unix socket.
    stream.destroy();
  }
}
