import { Cluster } from 'ioredis';
import { createLockService, type LockEvent } from '../../lib';
import { keySlot } from '../../lib/redis/script/key-slot';
import { addReplica, startRedisCluster } from '../helpers/redis-cluster';
import type { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';

let masters: RedisServer[];
/** The master of the first half of the slots. */
let master: RedisServer;
let replica: RedisServer;
const ended: (() => unknown)[] = [];

beforeAll(async () => {
  masters = await startRedisCluster(2);
  [master] = masters as [RedisServer];
  replica = await addReplica(masters, master);
});

afterAll(async () => {
  await Promise.all([...masters, replica].map((server) => server.stop()));
});

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** Resources whose keys are on the first master. */
const [ORDER, NEXT_ORDER] = Array.from({ length: 100 }, (_, id) => `order:${id}`).filter(
  (resource) => keySlot(`lock:${resource}`) < 8_192,
) as [string, string];

/** A process, so to speak, that is connected to the master and to the replica. */
async function open() {
  const client = new Cluster([{ host: '127.0.0.1', port: master.port }], { lazyConnect: true });
  const duplicate = jest.spyOn(client, 'duplicate');
  const service = createLockService({
    nodes: [client],
    defaults: { wait: 0 },
    shutdownTimeout: 0,
  });
  ended.push(() => service.close());
  const events: LockEvent[] = [];
  service.events$.subscribe((event) => events.push(event));
  const guards = () => events.flatMap((event) => (event.type === 'node-guarded' ? [event.reason] : []));
  await until('it is up', () => events.some(({ type }) => type === 'node-up'));
  const ours = duplicate.mock.results[0]?.value as Cluster;
  await until('it is connected to the replica', () => ours.nodes('slave')[0]?.status === 'ready');
  return { service, guards };
}

/** The replica takes over without asking, as after the death of its master: nobody waits until it has everything. */
async function failOver(): Promise<void> {
  await replica.command('CLUSTER', 'FAILOVER', 'TAKEOVER');
  await until('the old master knows', async () =>
    String(await master.command('INFO', 'replication')).includes('role:slave'),
  );
  for (const server of [...masters, replica]) {
    await until('the cluster goes on', async () =>
      String(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    );
  }
}

it('a connection to a cluster that breaks and is made anew is no failover', async () => {
  const { service, guards } = await open();

  await master.command('CLIENT', 'KILL', 'TYPE', 'normal');
  const lock = await service.acquire(ORDER, { wait: 10_000, outageWait: 10_000 });

  expect(await lock.release()).toBe('released');
  expect(guards()).toEqual([]);
});

it('a replica that takes over in a cluster grants nothing, from the first request on', async () => {
  const { service, guards } = await open();
  const held = await service.acquire(ORDER);
  await until('the replica has it', async () => (await replica.command('DBSIZE')) === 1);

  await failOver();

  await expect(service.tryAcquire(NEXT_ORDER)).rejects.toThrow(/another server answers than before/);
  expect(guards()).toEqual(['restarted']);
  // It confirms what it has.
  await held.extend();
  expect(await held.release()).toBe('released');
});
