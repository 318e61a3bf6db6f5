import { Cluster } from 'ioredis';
import { keySlot } from '../../lib/redis/script/key-slot';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, ownerOf, release, untilUp } from '../helpers/ask-node';
import { startRedisCluster } from '../helpers/redis-cluster';
import type { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';

const GRANTED = { kind: 'granted' };

let servers: [RedisServer, RedisServer];
let client: Cluster;
let node: RedisLockNode;

beforeEach(async () => {
  servers = (await startRedisCluster(2)) as [RedisServer, RedisServer];
  client = new Cluster(
    servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    { lazyConnect: true, scaleReads: 'all' },
  );
  node = new RedisLockNode(describeRedisNode(client));
  await untilUp(node);
});

afterEach(async () => {
  await node.close();
  client.disconnect();
  await Promise.all(servers.map((server) => server.stop()));
});

/** A resource whose key is on the first or on the second server. */
function resourceOn(server: 0 | 1, name = 'r'): string {
  for (let tries = 0; ; tries += 1) {
    const resource = `${name}${tries}`;
    if (keySlot(`lock:${resource}`) < 8192 === (server === 0)) return resource;
  }
}

it('leaves the client as it is', async () => {
  const resource = resourceOn(0);
  await acquire(node, resource, { ownerToken: 'anna' });

  expect(await servers[0].command('GET', `lock:${resource}`)).toBe('anna');
  expect(client.status).toBe('wait');
  expect(client.options).toMatchObject({ scaleReads: 'all' });
});

it('votes for the resources of one server while the other is dead, and for all when it is back', async () => {
  const [alive, dead] = [resourceOn(0), resourceOn(1)];
  await acquire(node, dead, { ownerToken: 'anna' });
  await servers[1].kill();
  await until('the dead server is noticed', async () => {
    const { kind } = await acquire(node, dead, { ownerToken: 'anna' });
    return kind === 'failed';
  });

  const both = await acquire(node, [alive, dead], { ownerToken: 'ben' });
  await release(node, [alive, dead], { ownerToken: 'ben' });
  const one = await acquire(node, alive, { ownerToken: 'eva' });
  await servers[1].restart();
  await until('the server is used again', async () => {
    const { kind } = await acquire(node, dead, { ownerToken: 'ida' });
    return kind === 'granted';
  });

  expect(both.kind).toBe('failed');
  expect(one).toEqual(GRANTED);
  expect(await ownerOf(node, alive)).toBe('eva');
});

it('is down when all servers are dead, and up again when they are back', async () => {
  await Promise.all(servers.map((server) => server.kill()));
  await until('it is down', () => node.status === 'down');

  const vote = await acquire(node, 'a', { ownerToken: 'anna' });
  await Promise.all(servers.map((server) => server.restart()));
  await until('it is up', () => node.status === 'up');

  expect(vote).toMatchObject({
    kind: 'failed',
    error: { message: expect.stringContaining('not connected') as string },
  });
  await until('it votes', async () => (await acquire(node, 'a', { ownerToken: 'ben' })).kind === 'granted');
});

it('follows a slot that moved to the other server', async () => {
  const resource = resourceOn(0);
  const slot = keySlot(`lock:${resource}`);
  const id = String(await servers[1].command('CLUSTER', 'MYID'));

  for (const server of servers) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', id);
  const votes = await Promise.all([
    acquire(node, resource, { ownerToken: 'anna' }),
    acquire(node, resource, { ownerToken: 'ben', askHolderTtl: true }),
    release(node, resource, { ownerToken: 'anna' }),
  ]);

  expect(votes.map(({ kind }) => kind)).toEqual(['granted', 'denied', 'granted']);
  expect(await servers[1].command('DBSIZE')).toBe(0);
});
