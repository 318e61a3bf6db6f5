import { Cluster } from 'ioredis';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, extend, ownerOf, raiseFence, release, untilUp } from '../helpers/ask-node';
import { startRedisCluster } from '../helpers/redis-cluster';
import type { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';
import { itTellsOfKeysOfOthers } from './foreign-keys.contract';
import { itKeepsTheContractOfLockNode } from './lock-node.contract';

let servers: RedisServer[] = [];
let client: Cluster;

beforeAll(async () => {
  servers = await startRedisCluster(2);
  client = new Cluster(
    servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    { lazyConnect: true },
  );
});

afterAll(async () => {
  client.disconnect();
  await Promise.all(servers.map((server) => server.stop()));
});

async function openEmpty(): Promise<RedisLockNode> {
  await Promise.all(servers.map((server) => server.command('FLUSHALL')));
  const node = new RedisLockNode(describeRedisNode(client));
  await untilUp(node);
  return node;
}

describe('RedisLockNode on a Redis Cluster', () => {
  itKeepsTheContractOfLockNode(openEmpty, { isOneServer: false });
  itTellsOfKeysOfOthers(openEmpty, (...command) => client.call(...command));

  it('spreads resources over the servers and still counts as one node', async () => {
    const node = await openEmpty();
    const resources = Array.from({ length: 20 }, (_, resource) => `r${resource}`);

    const vote = await acquire(node, resources, { ownerToken: 'anna' });

    expect(vote).toEqual({ kind: 'granted' });
    const sizes = await Promise.all(servers.map((server) => server.command('DBSIZE')));
    expect(Number(sizes[0])).toBeGreaterThan(0);
    expect(Number(sizes[1])).toBeGreaterThan(0);
    expect(Number(sizes[0]) + Number(sizes[1])).toBe(20);
    await node.close();
  });

  it('releases what one server granted when another denied', async () => {
    const node = await openEmpty();
    const resources = Array.from({ length: 20 }, (_, resource) => `r${resource}`);
    await acquire(node, 'r7', { ownerToken: 'ben' });

    const vote = await acquire(node, resources, { ownerToken: 'anna' });

    expect(vote.kind).toBe('denied');
    await until('only the first hold is left', async () => {
      const sizes = await Promise.all(servers.map((server) => server.command('DBSIZE')));
      return Number(sizes[0]) + Number(sizes[1]) === 1;
    });
    expect(await ownerOf(node, 'r7')).toBe('ben');
    await node.close();
  });

  it('denies an extension when one of the servers has it for somebody else', async () => {
    const node = await openEmpty();
    await acquire(node, ['r1', 'r2', 'r3'], { ownerToken: 'anna' });
    await acquire(node, 'r4', { ownerToken: 'ben' });

    const vote = await extend(node, ['r1', 'r2', 'r3', 'r4'], { ownerToken: 'anna' });

    expect(vote.kind).toBe('denied');
    expect(await ownerOf(node, 'r4')).toBe('ben');
    await node.close();
  });

  it('numbers resources on several servers with the highest of their numbers, and says that they differ', async () => {
    const node = await openEmpty();
    const resources = Array.from({ length: 20 }, (_, resource) => `r${resource}`);
    const fence = { proposal: Date.now() * 1_000, skewMicros: 60_000_000, keepMs: 60_000 };
    await acquire(node, 'r7', { ownerToken: 'ben', fence: { ...fence, proposal: fence.proposal + 1_000 } });
    await release(node, 'r7', { ownerToken: 'ben' });

    const uneven = await acquire(node, resources, { ownerToken: 'anna', fence });
    const raised = await raiseFence(node, resources, { ownerToken: 'anna', fence: fence.proposal + 1_001 });
    await release(node, resources, { ownerToken: 'anna' });
    const even = await acquire(node, resources, { ownerToken: 'eva', fence });

    expect(uneven).toEqual({ kind: 'granted', fence: fence.proposal + 1_001, isFenceUneven: true });
    expect(raised).toEqual({ kind: 'granted' });
    expect(even).toEqual({ kind: 'granted', fence: fence.proposal + 1_002 });
    await node.close();
  });

  it('numbers resources with braces of any kind, among others', async () => {
    const node = await openEmpty();
    const resources = ['a}b', '}{', '{}', '{}{a}', 'a{b', '{tag}:a', '{', '}', 'plain'];
    const fence = { proposal: Date.now() * 1_000, skewMicros: 60_000_000, keepMs: 60_000 };

    const votes = await Promise.all(
      [...resources, ...resources].map((resource) => acquire(node, resource, { ownerToken: 'anna', fence })),
    );
    const several = await acquire(
      node,
      // Resources with one hash tag share a counter.
      resources.map((resource) => `x${resource.replace('tag', 'other')}`),
      { ownerToken: 'anna', fence },
    );

    const granted = { kind: 'granted', fence: fence.proposal };
    expect(votes.slice(0, resources.length)).toEqual(resources.map(() => granted));
    expect(votes.slice(resources.length).map(({ kind }) => kind)).toEqual(resources.map(() => 'denied'));
    expect(several).toEqual(granted);
    await node.close();
  });
});
