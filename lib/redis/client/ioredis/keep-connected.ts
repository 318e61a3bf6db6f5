import type { Clock, Timer } from '../../../ports/clock.interface';
import { detached } from '../../../ports/detached';
import { RedisNodeError } from '../redis-node-error';
import type { Cluster, Redis } from './ioredis';

/** The longest time that a function of the user may take to return credentials. */
const LONGEST_ANSWER_MS = 10_000;
const CLUSTER_AGAIN_MS = 1_000;

/** The user's part in connecting a client. */
export interface ConnectionWays {
  /**
   * Gives `server` the credentials of this moment. It is called before each connection.
   *
   * @returns a promise if some of them come later, or cannot be had
   */
  prepare(server: Redis): Promise<void> | undefined;
  /** The time to wait before the next connection, after this many failures. */
  reconnectDelayMs(failures: number): number;
}

export interface KeptConnection {
  isGood(): void;
  stop(): void;
}

/**
 * Connects a client that we opened, and connects it again whenever its connection ends. A new connection also
 * looks the name of the server up again.
 *
 * A cluster connects again by itself. Its servers are connected here as soon as the cluster knows of them.
 *
 * @param onFailure gets the reason why a connection was not even begun
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
    // The connection belongs to no caller, so it starts outside of the async context of the first request.
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
    // This timer keeps the process alive: else the process could end while a caller waits for a lock.
    timer = clock.schedule(client.isCluster ? CLUSTER_AGAIN_MS : ways.reconnectDelayMs(failures), connect);
  };

  client.on('end', connectLater);
  if (client.isCluster) {
    client.on('+node', (server: Redis) => {
      begin(server, () => {
        // The cluster finds the server again.
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

/** Waits for `answer` for at most `limitMs`. After that the promise rejects with the error that `tooLate` makes. */
function inTime<T>(answer: Promise<T>, clock: Clock, limitMs: number, tooLate: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = clock.schedule(limitMs, () => {
      reject(tooLate());
    });
    answer.then(resolve, reject).finally(() => {
      limit.cancel();
    });
  });
}

function ignore(): void {
  // The events 'error' and 'end' tell what happened.
}
