import Redis, { type Cluster, type ClusterOptions, type RedisOptions } from 'ioredis';
import { detached } from '../../../system/detached';
import { LockOptionsError } from '../../../errors/lock-options.error';
import { checkClient } from './client-check';
import { clusterOptions, connectionOptions, reconnectDelayMs } from './connection-options';
import { isClient } from './is-client';
import { type HostAndPort, placeOf, placeOfCluster, type RedisPlace } from '../redis-address';
import {
  checkCredentials,
  type GivenCredentials,
  RedisCredentials,
  sentinelCredentials,
} from '../redis-credentials';
import { systemRandomness } from '../../../system/system-randomness';
import { checkRedisOptions } from './redis-options-check';
import type { RedisNodeOptions } from '../redis-node-options';
import { optionsFromUrl, type Refuse } from '../redis-url';

/** The number of Sentinels that ioredis listens to. */
const MOST_SENTINELS = 10;

/** One Redis node: a URL, options of ioredis, or a client of ioredis, which is duplicated. */
export type RedisNodeInput = string | RedisNodeOptions | Redis | Cluster;

/** A node that was checked, and not connected to yet. */
export interface RedisNodeDescription extends RedisPlace {
  /** What must never be shown. It grows when passwords change. */
  readonly secrets: readonly string[];
  /** The number of its database, if that is not 0. */
  readonly database?: number;
  /** Those who say where a Sentinel group has its master, each as something to connect to. */
  readonly sentinels: readonly RedisNodeDescription[];
  /** A client of our own, which `keepConnected` connects. A cluster connects by itself. */
  open(): Redis | Cluster;
  /**
   * Before each connection: gives `server` the credentials of this moment.
   *
   * @returns a promise where they are asked for and come later, or cannot be had
   */
  prepare(server: Redis): Promise<void> | undefined;
  /** How long to wait before the next connection, after so many that led nowhere. */
  reconnectDelayMs(failures: number): number;
}

/**
 * Checks one entry of `nodes` without opening anything.
 *
 * @param option what the entry is called in an error
 * @throws LockOptionsError for what cannot be a node; it repeats no part of the input, so no password
 */
export function describeRedisNode(
  input: RedisNodeInput,
  option = 'nodes[0]',
  random: () => number = systemRandomness.fraction,
): RedisNodeDescription {
  const refuse: Refuse = (message) => {
    throw new LockOptionsError(option, message);
  };
  if (isClient(input)) {
    checkClient(input, refuse);
    return input.isCluster
      ? describeCluster(input as Cluster, refuse, random)
      : describeClient(input as Redis, refuse, random);
  }
  if (typeof input === 'string') {
    const options = optionsFromUrl(input, refuse);
    return describe(options, options, () => new Redis(connectionOptions(options)), random);
  }
  const options = checkRedisOptions(input, refuse);
  return describe(options, input, () => new Redis(connectionOptions(options)), random);
}

/** @param given what the user has in hand, and may change */
function describe(
  options: RedisOptions,
  given: GivenCredentials,
  open: () => Redis,
  random: () => number,
): RedisNodeDescription {
  const credentials = new RedisCredentials(given);
  return {
    ...placeOf(options),
    database: options.db,
    secrets: credentials.secrets,
    sentinels: describeSentinels(options, given, random),
    open: () => detached(open),
    prepare: (server) => credentials.refresh(server.options),
    reconnectDelayMs: (failures) => reconnectDelayMs(failures, random),
  };
}

function describeSentinels(
  { sentinels, family, connectTimeout }: RedisOptions,
  given: GivenCredentials,
  random: () => number,
): RedisNodeDescription[] {
  const theirs = sentinelCredentials(given);
  return (sentinels ?? []).slice(0, MOST_SENTINELS).map((sentinel) => {
    const options = {
      ...sentinel,
      port: sentinel.port ?? 26_379,
      family: sentinel.family ?? family,
      connectTimeout,
    };
    return describe(options, theirs, () => new Redis(connectionOptions(options)), random);
  });
}

function describeClient(client: Redis, refuse: Refuse, random: () => number): RedisNodeDescription {
  const { options } = client;
  checkCredentials(options, refuse);
  return describe(options, options, () => client.duplicate(connectionOptions(options)), random);
}

function describeCluster(cluster: Cluster, refuse: Refuse, random: () => number): RedisNodeDescription {
  const servers = startupNodesOf(cluster);
  const given = cluster.options.redisOptions ?? {};
  checkCredentials(given, refuse, false);
  const credentials = new RedisCredentials(given, servers);
  return {
    ...placeOfCluster(servers),
    secrets: credentials.secrets,
    sentinels: [],
    open: () =>
      detached(() => cluster.duplicate<ClusterOptions>([], clusterOptions(cluster.options, random))),
    prepare: (server) => {
      credentials.link(server.options);
      return undefined;
    },
    reconnectDelayMs: (failures) => reconnectDelayMs(failures, random),
  };
}

/** ioredis keeps what the cluster was made from, but not in its types. Entries can be URLs, ports or objects. */
function startupNodesOf(cluster: Cluster): (HostAndPort & RedisOptions)[] {
  const { startupNodes } = cluster as unknown as { startupNodes?: unknown };
  if (!Array.isArray(startupNodes)) return [];
  return startupNodes.flatMap((entry: unknown): (HostAndPort & RedisOptions)[] => {
    if (typeof entry === 'number') return [{ host: '127.0.0.1', port: entry }];
    if (typeof entry === 'string') return optionsOfStartupUrl(entry);
    return typeof entry === 'object' && entry !== null ? [entry] : [];
  });
}

function optionsOfStartupUrl(text: string): RedisOptions[] {
  try {
    return [
      optionsFromUrl(text, (message) => {
        throw new Error(message);
      }),
    ];
  } catch {
    // ioredis accepts more forms than we can read; such a server is left out of the name.
    return [];
  }
}
