import type { ClusterOptions, RedisOptions } from './ioredis';

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;
const STALL_MS = 10_000;
const LONGEST_CONNECT_MS = 10_000;
const LONGEST_SENTINEL_ANSWER_MS = 3_000;

/**
 * The options that a connection of ours needs, whatever the user's client or options say. The rest is passed to
 * ioredis.
 */
export function connectionOptions(given: RedisOptions): RedisOptions {
  return {
    ...given,
    ...ALWAYS,
    connectionName: given.connectionName ?? 'nestjs-redlock',
    connectTimeout: connectTimeoutMs(given),
    // We connect again ourselves: with the credentials of that moment, and with a reason if it fails.
    retryStrategy: () => null,
    // ioredis begins at the Sentinel where it stopped the last time. So only the second pass asks all Sentinels.
    sentinelRetryStrategy: (times) => (times === 1 ? 0 : null),
    sentinelCommandTimeout: given.sentinelCommandTimeout ?? LONGEST_SENTINEL_ANSWER_MS,
    // We listen to the Sentinels ourselves: ioredis would leave the master when any group of these Sentinels fails
    // over.
    failoverDetector: false,
    reconnectOnError: isOnReplica,
  };
}

/** The options for a Redis Cluster. ioredis keeps one connection per server. */
export function clusterOptions(given: ClusterOptions, random: () => number): ClusterOptions {
  return {
    ...given,
    redisOptions: {
      ...given.redisOptions,
      ...ALWAYS,
      connectionName: given.redisOptions?.connectionName ?? 'nestjs-redlock',
      connectTimeout: connectTimeoutMs(given.redisOptions ?? {}),
      reconnectOnError: isOnReplica,
      // Only this notices a single silent server of the cluster.
      socketTimeout: STALL_MS,
    },
    clusterRetryStrategy: (times) => reconnectDelayMs(times, random),
    clusterNodeRetryStrategy: undefined,
    keyPrefix: '',
    lazyConnect: false,
    enableOfflineQueue: false,
    // The check of ioredis uses a connection that is not ready yet, which fails without an offline queue. We check
    // ourselves.
    enableReadyCheck: false,
    enableAutoPipelining: false,
    scripts: undefined,
    scaleReads: 'master',
    shardedSubscribers: false,
    // A request is sent again only if a server said that it did not apply it, and never because a connection
    // broke.
    maxRedirections: 5,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnMoved: 0,
    retryDelayOnTryAgain: 0,
    // So a server that came back is found again, even if no redirect leads to it.
    slotsRefreshInterval: 5_000,
  };
}

/**
 * About 50 ms, growing to about a second. It is random, so that the processes of a fleet do not come back at the
 * same moment.
 */
export function reconnectDelayMs(times: number, random: () => number): number {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(times - 1, 10), LONGEST_DELAY_MS);
  return Math.round(delayMs * (0.75 + random() / 2));
}

/** With no limit of our own, a server that drops packets would leave a connection "connecting" for minutes. */
function connectTimeoutMs({ connectTimeout }: RedisOptions): number {
  const isLimit = connectTimeout !== undefined && connectTimeout > 0;
  return isLimit ? Math.min(connectTimeout, LONGEST_CONNECT_MS) : LONGEST_CONNECT_MS;
}

const ALWAYS = {
  // We connect the client ourselves, in the background, as soon as its credentials are known.
  lazyConnect: true,
  // We ask the server ourselves who it is, and accept one that does not say. ioredis would ask for ever, over a
  // connection that may lead to the wrong place.
  enableReadyCheck: false,
  // A request is sent once on a ready connection, or not at all: what was given up must never run later.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  // The round has the deadlines, so a timer per command is not needed.
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: undefined,
  // We make the batches ourselves. Automatic pipelining would add a tick, and may change the order.
  enableAutoPipelining: false,
  noDelay: true,
  // We write whole keys.
  keyPrefix: '',
  // These options fix the form of replies, and make sure that requests go to a master.
  protocol: 2,
  replyMapping: 'legacy',
  stringNumbers: false,
  readOnly: false,
  role: 'master',
  monitor: false,
  // These options of the user's client would cause work on our connection.
  scripts: undefined,
  himportFieldsets: undefined,
  showFriendlyErrorStack: false,
  // A connection that does not close is dropped after this time.
  disconnectTimeout: 100,
} as const satisfies RedisOptions;

/**
 * Tells if the connection leads to a server that became a replica in a failover. Then the master is looked for
 * again.
 */
function isOnReplica(error: Error): boolean {
  return /\bREADONLY\b/.test(error.message);
}
