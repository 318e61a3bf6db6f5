import type { ClusterOptions, RedisOptions } from 'ioredis';

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;
const STALL_MS = 10_000;

/** What a connection of ours needs, whatever the user's client or options say; the rest passes through to ioredis. */
export function connectionOptions(given: RedisOptions, random: () => number): RedisOptions {
  return {
    ...given,
    ...ALWAYS,
    connectionName: given.connectionName ?? 'nestjs-redlock',
    retryStrategy: (times) => reconnectDelayMs(times, random),
    sentinelRetryStrategy: (times) => reconnectDelayMs(times, random),
    reconnectOnError: isOnReplica,
  };
}

/** The same for a Redis Cluster, where ioredis keeps one connection per server. */
export function clusterOptions(given: ClusterOptions, random: () => number): ClusterOptions {
  return {
    ...given,
    redisOptions: {
      ...given.redisOptions,
      ...ALWAYS,
      connectionName: given.redisOptions?.connectionName ?? 'nestjs-redlock',
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

const ALWAYS = {
  // Boot waits for nobody: connecting begins at once, in the background. On a cluster the first request to each server
  // would wait in a queue otherwise.
  lazyConnect: false,
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
  // A server that loads its data is asked again soon; a connection that does not close is dropped soon.
  maxLoadingRetryTime: 1_000,
  disconnectTimeout: 500,
} as const satisfies RedisOptions;

/** After a failover the connection may lead to a server that became a replica: look for the master again. */
function isOnReplica(error: Error): boolean {
  return /\bREADONLY\b/.test(error.message);
}
