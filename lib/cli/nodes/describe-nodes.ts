import { MOST_NODES } from '../../ports/node-count';
import { LockOptionsError } from '../../errors/lock-options.error';
import { describeRedisCluster, describeRedisNode } from '../../redis/client/ioredis/describe-redis-node';
import type { RedisOptions } from '../../redis/client/ioredis/ioredis';
import { optionsFromUrl } from '../../redis/client/ioredis/redis-url';
import type { RedisNodeDescription } from '../../redis/client/redis-node-description.interface';
import { UsageError } from './usage-error';

/** The client certificate of the command line, for servers that ask for one. */
export interface ClientTls {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

const CLUSTER = /^redis(s?)\+cluster:\/\//;

/**
 * Reads a comma-separated list of URLs. `redis+cluster://` and `rediss+cluster://` name one server of a Redis
 * Cluster, which finds the others and counts as one node.
 *
 * @param clientTls for the nodes with TLS
 * @throws UsageError for an empty list, a list that is too long, and a certificate that no node uses;
 *   LockOptionsError for a wrong URL. Neither repeats the input
 */
export function describeNodes(list: string, clientTls?: ClientTls): RedisNodeDescription[] {
  const urls = list
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  if (urls.length === 0) {
    throw new UsageError(
      'Which nodes? Give --nodes redis://a:6379,redis://b:6379,redis://c:6379, or set REDIS_NODES.',
    );
  }
  if (urls.length > MOST_NODES) {
    throw new UsageError(`The list has ${urls.length} nodes; a lock service has at most ${MOST_NODES}.`);
  }
  if (clientTls !== undefined && !urls.some((url) => url.startsWith('rediss'))) {
    throw new UsageError('--cert, --key and --cacert are for nodes with TLS. Write rediss:// for those.');
  }
  return urls.map((url, position) => {
    const option = `nodes[${position}]`;
    if (CLUSTER.test(url)) return describeCluster(url, option, clientTls);
    return describeRedisNode(
      clientTls === undefined ? url : withTls(optionsOf(url, option), clientTls),
      option,
    );
  });
}

function optionsOf(url: string, option: string): RedisOptions {
  return optionsFromUrl(url, (message) => {
    throw new LockOptionsError(option, message);
  });
}

/** Adds the certificate to the options of a node with TLS. */
function withTls(options: RedisOptions, clientTls: ClientTls | undefined): RedisOptions {
  return options.tls === undefined ? options : { ...options, tls: { ...options.tls, ...clientTls } };
}

function describeCluster(
  url: string,
  option: string,
  clientTls: ClientTls | undefined,
): RedisNodeDescription {
  const options = withTls(optionsOf(url.replace(CLUSTER, 'redis$1://'), option), clientTls);
  if (options.db !== 0)
    throw new LockOptionsError(option, 'names a database; of a Redis Cluster only database 0 can be used.');
  return describeRedisCluster(options, option);
}

/** @throws LockOptionsError if an address is listed twice: its locks would be counted twice */
export function refuseTheSameTwice(nodes: readonly RedisNodeDescription[]): void {
  nodes.forEach(({ address, name }, position) => {
    const first = nodes.findIndex((other) => other.address === address);
    if (first === position) return;
    throw new LockOptionsError(
      `nodes[${position}]`,
      `is ${name}, the same as nodes[${first}]. List each once.`,
    );
  });
}
