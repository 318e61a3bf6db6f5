import type { Clock, Timer } from '../../../ports/clock.interface';
import { detached } from '../../../system/detached';
import { RedisNodeError } from '../redis-node-error';
import { inTime } from './in-time';
import type { Cluster, Redis } from './ioredis';

/** How long a function of the user may take to answer with credentials. */
const LONGEST_ANSWER_MS = 10_000;
const CLUSTER_AGAIN_MS = 1_000;

/** How a client is connected. */
export interface ConnectionWays {
  /**
   * Before each connection: gives `server` the credentials of this moment.
   *
   * @returns a promise where they are asked for and come later, or cannot be had
   */
  prepare(server: Redis): Promise<void> | undefined;
  /** How long to wait before the next connection, after so many that led nowhere. */
  reconnectDelayMs(failures: number): number;
}

export interface KeptConnection {
  isGood(): void;
  stop(): void;
}

/**
 * Connects a client that we opened, and connects it again whenever its connection ends. A new connection also looks the
 * name of the server up again.
 *
 * A cluster connects again by itself, and the servers in it are connected here as soon as it knows of them.
 *
 * @param onFailure hears why no connection was even begun
 */
export function keepConnected(
  client: Redis | Cluster,
  ways: ConnectionWays,
  clock: Clock,
  onFailure: (error: unknown) => void,
): KeptConnection {
  let failures = 0;
  let timer: Timer | undefined;
  let isStopped = false;

  const connect = (): void => {
    if (isStopped || (client.status !== 'wait' && client.status !== 'end')) return;
    // Not as a part of the request that happens to be the first: what follows is nobody's.
    detached(() => {
      if (client.isCluster) client.connect().catch(ignore);
      else begin(client as Redis, connectLater);
    });
  };
  const begin = (server: Redis, giveUp: () => void): void => {
    const start = () => {
      if (!isStopped && (server.status === 'wait' || server.status === 'end')) server.connect().catch(ignore);
    };
    const preparing = ways.prepare(server);
    if (preparing === undefined) {
      start();
      return;
    }
    inTime(preparing, clock, LONGEST_ANSWER_MS, tooLate).then(start, (error: unknown) => {
      if (isStopped) return;
      onFailure(error);
      giveUp();
    });
  };
  const connectLater = (): void => {
    if (isStopped) return;
    failures += 1;
    timer?.cancel();
    // Not in the background: who waits for a lock must not see the process end.
    timer = clock.schedule(client.isCluster ? CLUSTER_AGAIN_MS : ways.reconnectDelayMs(failures), connect);
  };

  client.on('end', connectLater);
  if (client.isCluster) {
    client.on('+node', (server: Redis) => {
      begin(server, () => {
        // The cluster finds it again.
        server.disconnect();
      });
    });
  } else {
    connect();
  }
  return {
    isGood: () => {
      failures = 0;
    },
    stop: () => {
      isStopped = true;
      timer?.cancel();
    },
  };
}

function tooLate(): RedisNodeError {
  return new RedisNodeError(
    `the credentials of the node did not come within ${LONGEST_ANSWER_MS} ms`,
    'CREDENTIALS',
  );
}

function ignore(): void {
  // The events 'error' and 'end' tell.
}
