import Redis, { type Cluster, type ClusterOptions, type RedisOptions } from 'ioredis';
import { detached } from '../core/detached';
import { LockOptionsError } from '../errors/lock-options.error';
import { checkClient } from './client-check';
import { clusterOptions, connectionOptions } from './connection-options';
import { type HostAndPort, placeOf, placeOfCluster, type RedisPlace } from './redis-address';
import { systemRandomness } from '../utils/system-randomness';
import { checkRedisOptions } from './redis-options-check';
import { optionsFromUrl, type Refuse } from './redis-url';

/** One Redis node: a URL, options of ioredis, or a client of ioredis, which is duplicated. */
export type RedisNodeInput = string | RedisOptions | Redis | Cluster;

/** A node that was checked, and not connected to yet. */
export interface RedisNodeDescription extends RedisPlace {
  /** What must never be shown. */
  readonly secrets: readonly string[];
  /** Opens a connection of our own. It connects in the background, and again whenever it breaks. */
  open(): Redis | Cluster;
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
      ? describeCluster(input as Cluster, random)
      : describeClient(input as Redis, random);
  }
  const given = typeof input === 'string' ? optionsFromUrl(input, refuse) : checkRedisOptions(input, refuse);
  return describe(given, () => new Redis(connectionOptions(given, random)));
}

/** By what it can do: the client may come from another copy of ioredis than ours. */
export function isClient(input: unknown): input is Redis | Cluster {
  return (
    typeof input === 'object' &&
    input !== null &&
    'duplicate' in input &&
    typeof input.duplicate === 'function' &&
    'sendCommand' in input &&
    typeof input.sendCommand === 'function'
  );
}

function describe(options: RedisOptions, open: () => Redis): RedisNodeDescription {
  return { ...placeOf(options), secrets: secretsOf(options), open: () => detached(open) };
}

function describeClient(client: Redis, random: () => number): RedisNodeDescription {
  const { options } = client;
  return describe(options, () => client.duplicate(connectionOptions(options, random)));
}

function describeCluster(cluster: Cluster, random: () => number): RedisNodeDescription {
  const servers = startupNodesOf(cluster);
  return {
    ...placeOfCluster(servers),
    secrets: [cluster.options.redisOptions ?? {}, ...servers].flatMap(secretsOf),
    open: () =>
      detached(() => cluster.duplicate<ClusterOptions>([], clusterOptions(cluster.options, random))),
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

function secretsOf(options: RedisOptions): string[] {
  return [options.password, options.sentinelPassword].filter(
    (secret) => typeof secret === 'string' && secret !== '',
  ) as string[];
}
