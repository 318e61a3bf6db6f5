import { Cluster, type RedisOptions } from 'ioredis';
import { LockOptionsError } from '../errors/lock-options.error';
import { describeRedisNode, type RedisNodeDescription } from '../redis/redis-connections';
import { optionsFromUrl } from '../redis/redis-url';
import { UsageError } from './usage-error';

const MOST_NODES = 15;

const CLUSTER = /^redis(s?)\+cluster:\/\//;

/**
 * The nodes of a comma-separated list of URLs. `redis+cluster://` and `rediss+cluster://` name one server of a Redis
 * Cluster, which finds the others and counts as one node.
 *
 * @throws UsageError for an empty list and one that is too long, LockOptionsError for a URL that cannot be meant; neither repeats the input
 */
export function describeNodes(list: string): RedisNodeDescription[] {
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
    throw new UsageError(`${urls.length} nodes; a lock service has at most ${MOST_NODES}.`);
  }
  return urls.map((url, position) => {
    const option = `nodes[${position}]`;
    return CLUSTER.test(url) ? describeCluster(url, option) : describeRedisNode(url, option);
  });
}

function describeCluster(url: string, option: string): RedisNodeDescription {
  const { host, port, db, username, password, tls, family }: RedisOptions = optionsFromUrl(
    url.replace(CLUSTER, 'redis$1://'),
    (message) => {
      throw new LockOptionsError(option, message);
    },
  );
  if (db !== 0) throw new LockOptionsError(option, 'names a database; a Redis Cluster has only database 0.');
  // Never connected itself: each connection of ours is a duplicate of it.
  const template = new Cluster([{ host, port }], {
    lazyConnect: true,
    redisOptions: { username, password, tls, family },
  });
  return describeRedisNode(template, option);
}

/** @throws LockOptionsError when an address is there twice: locks would be counted twice too */
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
