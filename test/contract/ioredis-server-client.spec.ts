import { describeRedisCluster, describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { startRedisCluster } from '../helpers/redis-cluster';
import type { RedisServer } from '../helpers/redis-server';
import {
  itKeepsTheContractOfClusterClient,
  itKeepsTheContractOfServerClient,
} from './server-client.contract';

itKeepsTheContractOfServerClient('ioredis', (url) => describeRedisNode(url));

describe('with a cluster', () => {
  let servers: RedisServer[] = [];

  beforeAll(async () => {
    servers = await startRedisCluster(2);
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  itKeepsTheContractOfClusterClient('ioredis', {
    servers: () => servers,
    open: () => describeRedisCluster({ host: '127.0.0.1', port: servers[0]?.port }, 'nodes[0]').open(),
  });
});
