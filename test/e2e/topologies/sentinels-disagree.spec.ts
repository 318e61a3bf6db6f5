import { createLockService, type LockService } from '../../../lib';
import { RedisServer } from '../../helpers/redis-server';
import { Sentinel, SentinelGroup } from '../../helpers/redis-sentinel';
import { until } from '../../helpers/until';

let group: SentinelGroup;
/** A Sentinel that knows nothing of the failover, and the master that it goes on naming. */
let cutOff: Sentinel;
let oldMaster: RedisServer;
const services: LockService[] = [];

beforeEach(async () => {
  group = await SentinelGroup.start();
  oldMaster = await RedisServer.start();
  cutOff = await Sentinel.start(oldMaster);
  await until('it names the old master', async () => {
    const answer = await cutOff.ask('GET-MASTER-ADDR-BY-NAME', group.name).catch(() => undefined);
    return JSON.stringify(answer ?? '').includes(String(oldMaster.port));
  });
  await group.failOver();
  await until('the others name the new master', async () => group.namesReplica());
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
  await Promise.all([group.stop(), cutOff.stop(), oldMaster.stop()]);
});

function open(ports: readonly number[]): LockService {
  const locks = createLockService({
    nodes: [{ sentinels: ports.map((port) => ({ host: '127.0.0.1', port })), name: group.name }],
    restartGuard: false,
    // Who waits, waits through the search for the master as well.
    defaults: { ttl: 1_500, outageWait: 30_000 },
    shutdownTimeout: 0,
  });
  services.push(locks);
  return locks;
}

const orders: [string, () => number[]][] = [
  ['first', () => [cutOff.port, group.sentinelPort]],
  ['last', () => [group.sentinelPort, cutOff.port]],
];

it.each(orders)(
  'a process that starts locks at the new master, where the Sentinel that is cut off is asked %s',
  async (_, ports) => {
    const locks = await Promise.all(
      Array.from({ length: 10 }, (_each, index) => open(ports()).acquire(`a${index}`, { wait: 10_000 })),
    );

    expect(await group.replica.command('DBSIZE')).toBe(locks.length);
    expect(await oldMaster.command('DBSIZE')).toBe(0);
  },
);

it.each(orders)(
  'a connection that breaks leads to the new master again, where the Sentinel that is cut off is asked %s',
  async (_, ports) => {
    const service = open(ports());
    for (const resource of ['a', 'b', 'c', 'd']) {
      const lock = await service.acquire(resource, { wait: 10_000, autoExtend: false });
      expect(await group.replica.command('GET', `lock:${resource}`)).toBe(lock.ownerToken);
      await group.replica.command('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
    }

    expect(await oldMaster.command('DBSIZE')).toBe(0);
  },
);
