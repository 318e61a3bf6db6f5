import type { ClusterOptions, RedisOptions } from './ioredis';

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;
const STALL_MS = 10_000;
const LONGEST_CONNECT_MS = 10_000;
const LONGEST_SENTINEL_ANSWER_MS = 3_000;

/** What a connection of ours needs, whatever the user's client or options say; the rest passes through to ioredis. */
export function connectionOptions(given: RedisOptions): RedisOptions {
  return {
    ...given,
    ...ALWAYS,
    connectionName: given.connectionName ?? 'nestjs-redlock',
    connectTimeout: connectTimeoutMs(given),
    // We connect again ourselves: with the credentials of that moment, and with a reason when it fails.
    retryStrategy: () => null,
    // It begins where it stopped the last time, so the second pass is the first one that asks all Sentinels.
    sentinelRetryStrategy: (times) => (times === 1 ? 0 : null),
    sentinelCommandTimeout: given.sentinelCommandTimeout ?? LONGEST_SENTINEL_ANSWER_MS,
    // We listen to the Sentinels ourselves: it would leave the master whenever any of their groups fails over.
    failoverDetector: false,
    reconnectOnError: isOnReplica,
  };
}

/** The options for a Redis Cluster, where ioredis keeps one connection per server. */
export function clusterOptions(given: ClusterOptions, random: () => number): ClusterOptions {
  return {
    ...given,
    redisOptions: {
      ...given.redisOptions,
      ...ALWAYS,
      connectionName: given.redisOptions?.connectionName ?? 'nestjs-redlock',
      connectTimeout: connectTimeoutMs(given.redisOptions ?? {}),
      reconnectOnError: isOnReplica,
      // A single silent server of the cluster is noticed only here.
      socketTimeout: STALL_MS,
    },
    clusterRetryStrategy: (times) => reconnectDelayMs(times, random),
    clusterNodeRetryStrategy: undefined,
    keyPrefix: '',
    lazyConnect: false,
    enableOfflineQueue: false,
    // It asks over a connection that is not ready yet, which fails without an offline queue; we look for ourselves.
    enableReadyCheck: false,
    enableAutoPipelining: false,
    scripts: undefined,
    scaleReads: 'master',
    shardedSubscribers: false,
    // Sent again only when a server said that it did not apply it, never because a connection broke.
    maxRedirections: 5,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnMoved: 0,
    retryDelayOnTryAgain: 0,
    // A server that came back is found again although nobody was told that it moved.
    slotsRefreshInterval: 5_000,
  };
}

/** About 50 ms, growing to about a second; spread, so that a fleet does not return at the same moment. */
export function reconnectDelayMs(times: number, random: () => number): number {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(times - 1, 10), LONGEST_DELAY_MS);
  return Math.round(delayMs * (0.75 + random() / 2));
}

/** Without a limit of its own a server that drops packets would leave a connection "connecting" for minutes. */
function connectTimeoutMs({ connectTimeout }: RedisOptions): number {
  const isLimit = connectTimeout !== undefined && connectTimeout > 0;
  return isLimit ? Math.min(connectTimeout, LONGEST_CONNECT_MS) : LONGEST_CONNECT_MS;
}

const ALWAYS = {
  // We connect it at once, in the background, as soon as its credentials are known.
  lazyConnect: true,
  // We ask ourselves who the server is, and take one that does not say. ioredis would ask for ever, over a connection
  // that may lead to the wrong place.
  enableReadyCheck: false,
  // A request is sent on a ready connection, once, or not at all: what was given up must never run later.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  // The round has the deadlines; a timer per command is wasted.
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: undefined,
  // Batching is ours: it must not add a tick or change the order.
  enableAutoPipelining: false,
  noDelay: true,
  // Keys are ours, whole.
  keyPrefix: '',
  // Votes are read from one known shape of replies, and written to a master.
  protocol: 2,
  replyMapping: 'legacy',
  stringNumbers: false,
  readOnly: false,
  role: 'master',
  monitor: false,
  // The rest of the user's client that would do work on our connection.
  scripts: undefined,
  himportFieldsets: undefined,
  showFriendlyErrorStack: false,
  // A connection that does not close is dropped soon.
  disconnectTimeout: 100,
} as const satisfies RedisOptions;

/** After a failover the connection may lead to a server that became a replica: look for the master again. */
function isOnReplica(error: Error): boolean {
  return /\bREADONLY\b/.test(error.message);
}
