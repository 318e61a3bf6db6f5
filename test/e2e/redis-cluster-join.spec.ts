import { Cluster } from 'ioredis';
import { createLockService, type Lock, type LockService } from '../../lib';
import { keySlot } from '../../lib/redis/script/key-slot';
import { addMaster, moveSlot, startRedisCluster } from '../helpers/redis-cluster';
import type { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';

let master: RedisServer;
let other: RedisServer;
/** Masters without slots. The second gets those of the first master, and loses them: each test goes on from the one before. */
let newcomer: RedisServer;
let newest: RedisServer;
let service: LockService;
let guards: string[];

beforeAll(async () => {
  [master, other] = (await startRedisCluster(2)) as [RedisServer, RedisServer];
  newcomer = await addMaster([master, other]);
  newest = await addMaster([master, other, newcomer]);
  await until('they have run for longer than anybody looks at them', async () => {
    const uptime = /uptime_in_seconds:(\d+)/.exec(String(await newest.command('INFO', 'server')));
    return Number(uptime?.[1]) >= 3;
  });
});

afterAll(async () => {
  await Promise.all([master, other, newcomer, newest].map((server) => server.stop()));
});

/** A process that is connected to the masters with slots. */
beforeEach(async () => {
  const client = new Cluster([{ host: '127.0.0.1', port: other.port }], { lazyConnect: true });
  service = createLockService({ nodes: [client], defaults: { wait: 0 }, shutdownTimeout: 0 });
  guards = [];
  service.events$.subscribe((event) => {
    if (event.type === 'node-guarded') guards.push(event.reason);
  });
  await service.ready();
});

afterEach(() => service.close());

/** Resources whose keys are on the first master, each in another slot. */
const [ORDER, NEXT_ORDER, LAST_ORDER] = Array.from({ length: 100 }, (_, id) => `order:${id}`).filter(
  (resource) => slotOf(resource) < 8_192,
) as [string, string, string];

function slotOf(resource: string): number {
  return keySlot(`lock:${resource}`);
}

it('a master that joins a cluster, and gets slots with their keys, guards nothing, nor does one that leaves', async () => {
  const held = await service.acquire(ORDER, { ttl: 30_000 });

  await moveSlot(slotOf(ORDER), master, newcomer);
  await moveSlot(slotOf(NEXT_ORDER), master, newcomer);
  // The first request that is sent on to it fails, since nobody has connected to it yet.
  const taken = await service.acquire(NEXT_ORDER, { wait: 10_000, outageWait: 10_000 });
  const again = await service.tryAcquire(ORDER);
  const elsewhere = await service.acquire(LAST_ORDER);

  // It has a key that is there, and grants one that is not.
  expect(again).toBeNull();
  await held.extend();
  expect(await newcomer.command('DBSIZE')).toBe(2);
  for (const resource of [ORDER, NEXT_ORDER]) await moveSlot(slotOf(resource), newcomer, master);
  await held.extend();
  expect([await held.release(), await taken.release(), await elsewhere.release()]).toEqual(
    Array(3).fill('released'),
  );
  expect(guards).toEqual([]);
});

it('a master that joins a cluster, and takes the slots of one that died, grants nothing', async () => {
  await service.acquire(ORDER, { ttl: 30_000 });

  await takeSlots(newest, master, [other, newcomer]);

  expect(await tryUntilRefused()).toEqual([]);
  expect(guards).toEqual(['restarted']);
});

it('a known master of a cluster that takes the slots of one that died grants nothing', async () => {
  await service.acquire(ORDER, { ttl: 30_000 });

  await takeSlots(other, newest, [newcomer]);

  expect(await tryUntilRefused()).toEqual([]);
  expect(guards).toEqual(['restarted']);
});

/** What an operator does who gives up the keys of a master that died. */
async function takeSlots(to: RedisServer, from: RedisServer, rest: readonly RedisServer[]): Promise<void> {
  const id = String(await from.command('CLUSTER', 'MYID'));
  await from.kill();
  for (const server of [to, ...rest]) await server.command('CLUSTER', 'FORGET', id);
  await to.command('CLUSTER', 'ADDSLOTSRANGE', 0, 8_191);
}

/** @returns what was granted before */
async function tryUntilRefused(): Promise<Lock[]> {
  const grants: Lock[] = [];
  await until('it refuses', async () => {
    try {
      const lock = await service.tryAcquire(ORDER);
      if (lock !== null) grants.push(lock);
      return false;
    } catch (error) {
      return /another server answers than before/.test(String(error));
    }
  });
  return grants;
}
