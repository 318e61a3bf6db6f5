import { Cluster } from 'ioredis';
import { createLockService, LockBusyError, type LockService, LockUnavailableError } from '../../../lib';
import { keySlot } from '../../../lib/redis/script/key-slot';
import { startRedisCluster } from '../../helpers/redis-cluster';
import type { RedisServer } from '../../helpers/redis-server';
import { untilAllAnswer } from '../../helpers/until-all-answer';

const FOR_ONE_ATTEMPT = { wait: 0 };
/** On both servers of each cluster. */
const ACCOUNTS = ['account:1', 'account:2', 'account:3', 'account:4'];

let clusters: RedisServer[][];
let clients: Cluster[];
let services: LockService[];

beforeEach(async () => {
  clusters = await Promise.all([0, 1, 2].map(() => startRedisCluster(2)));
  clients = clusters.map(
    (servers) =>
      new Cluster(
        servers.map(({ port }) => ({ host: '127.0.0.1', port })),
        { lazyConnect: true },
      ),
  );
  services = [0, 1].map(() => createLockService({ nodes: clients, nodeTimeout: 2_000, shutdownTimeout: 0 }));
  await Promise.all(services.map(untilAllAnswer));
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  clients.forEach((client) => {
    client.disconnect();
  });
  await Promise.all(clusters.flat().map((server) => server.stop()));
});

it('three Redis Clusters are three nodes: locks over several slots, and one whole cluster may die', async () => {
  const [ours, theirs] = services as [LockService, LockService];
  const servers = new Set(ACCOUNTS.map((account) => keySlot(`lock:${account}`) < 8_192));
  const held = await ours.acquire(ACCOUNTS, { ttl: 30_000 });

  await expect(theirs.acquire(['account:4', 'account:5'], FOR_ONE_ATTEMPT)).rejects.toThrow(LockBusyError);
  await Promise.all((clusters[0] ?? []).map((server) => server.kill()));
  await expect(theirs.acquire(ACCOUNTS, FOR_ONE_ATTEMPT)).rejects.toThrow(LockBusyError);
  await held.extend();
  const outcome = await held.release();
  const next = await theirs.acquire(ACCOUNTS);

  expect(servers.size).toBe(2);
  expect(outcome).toBe('released');
  expect(await next.release()).toBe('released');
  await Promise.all((clusters[1] ?? []).map((server) => server.kill()));
  await expect(ours.acquire(ACCOUNTS, FOR_ONE_ATTEMPT)).rejects.toThrow(LockUnavailableError);
});
