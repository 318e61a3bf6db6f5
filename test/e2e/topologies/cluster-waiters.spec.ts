import { Cluster } from 'ioredis';
import { createLockService, type LockService } from '../../../lib';
import { startRedisCluster } from '../../helpers/redis-cluster';
import type { RedisServer } from '../../helpers/redis-server';
import { until } from '../../helpers/until';
import { untilAllAnswer } from '../../helpers/until-all-answer';
import { untilQuiet } from '../../helpers/until-quiet';
import { watch } from '../../helpers/watch';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** They lie on both servers. Whoever listens does so at one of them. */
const RESOURCES = ['order:1', 'order:2', 'order:3', 'order:4'];

let servers: RedisServer[];
let clients: Cluster[];
let services: LockService[];

beforeEach(async () => {
  servers = await startRedisCluster(2);
  clients = [0, 1].map(
    () =>
      new Cluster(
        servers.map(({ port }) => ({ host: '127.0.0.1', port })),
        { lazyConnect: true },
      ),
  );
  services = clients.map((client) => createLockService({ nodes: [client], nodeTimeout: 2_000 }));
  await Promise.all(services.map(untilAllAnswer));
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  clients.forEach((client) => {
    client.disconnect();
  });
  await Promise.all(servers.map((server) => server.stop()));
});

describe('who waits for a lock in a Redis Cluster', () => {
  it('gets it from a process whose callers want it all the time, wherever in the cluster both listen', async () => {
    const [busy, other] = services as [LockService, LockService];
    let isOver = false;
    const callers = RESOURCES.flatMap((resource) =>
      Array.from({ length: 4 }, async () => {
        while (!isOver) await busy.withLock(resource, { wait: 30_000 }, () => sleep(3));
      }),
    );

    const waiting = RESOURCES.map((resource) =>
      watch(other.withLock(resource, { wait: 30_000 }, () => 'mine')),
    );
    await until('all have been given', () => waiting.every(({ state }) => state === 'resolved'), 10_000);

    isOver = true;
    await Promise.all(callers);
  });

  it('hears of a release after ioredis has subscribed at another connection, and told nobody', async () => {
    const [holder, other] = services as [LockService, LockService];
    const held = await Promise.all(RESOURCES.map((resource) => holder.acquire(resource, { ttl: 60_000 })));
    const waiting = RESOURCES.map((resource) =>
      watch(other.acquire(resource, { wait: 60_000, ttl: 60_000 })),
    );
    await until('they listen', async () => {
      const channels = await Promise.all(
        servers.map((server) => server.command('PUBSUB', 'CHANNELS', 'lock:order:?')),
      );
      return channels.flat().length === RESOURCES.length;
    });
    await untilQuiet(servers);

    await Promise.all(servers.map((server) => server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')));
    await Promise.all(held.map((lock) => lock.release()));

    // They would ask again by themselves after ten seconds.
    await until('they have them', () => waiting.every(({ state }) => state === 'resolved'), 7_000);
    for (const { value } of waiting) await value?.release();
  });
});
