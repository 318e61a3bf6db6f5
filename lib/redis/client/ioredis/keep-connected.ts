import type { Cluster, Redis } from 'ioredis';
import type { Clock, Timer } from '../../../ports/clock.interface';
import { detached } from '../../../system/detached';
import { isCluster } from './break-connection';
import type { RedisNodeDescription } from './redis-connections';
import { RedisNodeError } from '../redis-node-error';
import { inTime } from './in-time';

/** How long a function of the user may take to answer with credentials. */
const LONGEST_ANSWER_MS = 10_000;
const CLUSTER_AGAIN_MS = 1_000;

export interface KeptConnection {
  /** The connection leads where it should: when it breaks, the next one is opened soon. */
  isGood(): void;
  readonly stop: () => void;
}

/**
 * Connects a client that we opened, and connects it again whenever its connection ends: each time with the credentials of
 * that moment, and with ever longer pauses while nothing comes of it. A new connection also looks the name of the server
 * up again.
 *
 * A cluster connects again by itself, and the servers in it are connected here as soon as it knows of them.
 *
 * @param onFailure hears why no connection was even begun
 */
export function keepConnected(
  client: Redis | Cluster,
  description: RedisNodeDescription,
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
      if (isCluster(client)) client.connect().catch(ignore);
      else begin(client, connectLater);
    });
  };
  const begin = (server: Redis, giveUp: () => void): void => {
    const start = () => {
      if (!isStopped && (server.status === 'wait' || server.status === 'end')) server.connect().catch(ignore);
    };
    const preparing = description.prepare(server);
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
    timer = clock.schedule(
      isCluster(client) ? CLUSTER_AGAIN_MS : description.reconnectDelayMs(failures),
      connect,
    );
  };

  client.on('end', connectLater);
  if (isCluster(client)) {
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
