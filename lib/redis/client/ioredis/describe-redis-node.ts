import { LockOptionsError } from '../../../errors/lock-options.error';
import { detached } from '../../../ports/detached';
import { systemRandomness } from '../../../system/system-randomness';
import type { RedisNodeDescription, SentinelGroup } from '../redis-node-description.interface';
import { checkClient } from './client-check';
import { clusterOptions, connectionOptions, reconnectDelayMs } from './connection-options';
import {
  type Cluster,
  ClusterConstructor,
  type ClusterOptions,
  type Redis,
  RedisConstructor,
  type RedisOptions,
} from './ioredis';
import { IoredisClient } from './ioredis-client';
import { IoredisCluster } from './ioredis-cluster';
import { isClient } from './is-client';
import { type HostAndPort, placeOf, placeOfCluster } from './redis-address';
import {
  checkCredentials,
  type GivenCredentials,
  RedisCredentials,
  sentinelCredentials,
} from './redis-credentials';
import { checkRedisOptions } from './redis-options-check';
import type { RedisNodeOptions } from './redis-node-options';
import { optionsFromUrl, type Refuse } from './redis-url';

/** The most Sentinels that ioredis listens to. */
const MOST_SENTINELS = 10;

/** One Redis node: a URL, options of ioredis, or a client of ioredis, which is duplicated. */
export type RedisNodeInput = string | RedisNodeOptions | Redis | Cluster;

/**
 * Checks one entry of `nodes` without opening anything.
 *
 * @param option the name of the entry in an error
 * @throws LockOptionsError if it cannot be a node; the message repeats no part of the input, so no password
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
    return describe(options, options, () => new RedisConstructor(connectionOptions(options)), random);
  }
  const options = checkRedisOptions(input, refuse);
  return describe(options, input, () => new RedisConstructor(connectionOptions(options)), random);
}

/** Describes a Redis Cluster by one of its servers, which tells where the others are. */
export function describeRedisCluster(server: RedisOptions, option: string): RedisNodeDescription {
  const { host, port, username, password, tls, family } = server;
  // This client is never connected. Each connection of ours is a duplicate of it.
  const template = new ClusterConstructor([{ host, port }], {
    lazyConnect: true,
    redisOptions: { username, password, tls, family },
  });
  return describeRedisNode(template, option);
}

/** @param given the object of the user, who may change it later */
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
    group: describeGroup(options, given, random),
    open: () =>
      new IoredisClient(detached(open), {
        prepare: (server) => credentials.refresh(server.options),
        reconnectDelayMs: (failures) => reconnectDelayMs(failures, random),
      }),
  };
}

function describeGroup(
  { name, natMap, sentinels, family, connectTimeout }: RedisOptions,
  given: GivenCredentials,
  random: () => number,
): SentinelGroup | undefined {
  if (!sentinels?.length) return undefined;
  const theirs = sentinelCredentials(given);
  const described = sentinels.slice(0, MOST_SENTINELS).map((sentinel) => {
    const options = {
      ...sentinel,
      port: sentinel.port ?? 26_379,
      family: sentinel.family ?? family,
      connectTimeout,
    };
    return describe(options, theirs, () => new RedisConstructor(connectionOptions(options)), random);
  });
  return { name: String(name), sentinels: described, isMapped: Boolean(natMap) };
}

function describeClient(client: Redis, refuse: Refuse, random: () => number): RedisNodeDescription {
  const given = client.options;
  checkCredentials(given, refuse);
  // All connections of the node are made from these, when ever they are made. Only the credentials are read again.
  const options = { ...given };
  return describe(options, given, () => client.duplicate(connectionOptions(options)), random);
}

function describeCluster(cluster: Cluster, refuse: Refuse, random: () => number): RedisNodeDescription {
  const servers = startupNodesOf(cluster);
  const given = cluster.options.redisOptions ?? {};
  checkCredentials(given, refuse, false);
  const credentials = new RedisCredentials(given, servers);
  return {
    ...placeOfCluster(servers),
    secrets: credentials.secrets,
    open: () => {
      const options = clusterOptions(cluster.options, random);
      return new IoredisCluster(
        detached(() => cluster.duplicate<ClusterOptions>([], options)),
        {
          prepare: (server) => {
            credentials.link(server.options);
            return undefined;
          },
          reconnectDelayMs: (failures) => reconnectDelayMs(failures, random),
        },
      );
    },
  };
}

/**
 * ioredis keeps the servers that a cluster was made from, but they are not in its types. An entry can be a URL, a
 * port or an object.
 */
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
    // ioredis accepts more forms than we can read. Such a server is left out of the name.
    return [];
  }
}
