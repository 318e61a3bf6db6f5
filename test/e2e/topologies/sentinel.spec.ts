import { createLockService, LockBusyError, LockUnavailableError, type LockService } from '../../../lib';
import { SentinelGroup } from '../../helpers/redis-sentinel';
import { until } from '../../helpers/until';

let group: SentinelGroup;
let locks: LockService;

beforeEach(async () => {
  group = await SentinelGroup.start();
  locks = createLockService({
    nodes: [{ sentinels: [{ host: '127.0.0.1', port: group.sentinelPort }], name: group.name }],
    // The promoted replica is another server than the one that was connected: it may have to wait this long.
    maxTtl: 1_500,
    // Who waits, waits through the failover as well.
    defaults: { ttl: 1_500, outageWait: 30_000 },
    shutdownTimeout: 0,
  });
});

afterEach(async () => {
  await locks.close();
  await group.stop();
});

it('a Sentinel group is one node: no locks while its master is dead, and locks again from the promoted replica', async () => {
  const held = await locks.acquire(['order:1', 'order:2'], { autoExtend: false });
  await expect(locks.acquire('order:2', { wait: 0 })).rejects.toThrow(LockBusyError);

  await group.master.kill();

  await expect(locks.acquire('order:3', { wait: 0 })).rejects.toThrow(LockUnavailableError);
  const next = await locks.acquire('order:1', { wait: 30_000 });
  expect(next.isHeld).toBe(true);
  expect(held.isHeld).toBe(false);
  expect(await group.replica.command('GET', 'lock:order:1')).toBe(next.ownerToken);
  expect(await next.release()).toBe('released');
  await until('nothing is left', async () => (await group.replica.command('DBSIZE')) === 0);
});
