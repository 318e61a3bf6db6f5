import { createLockService, type LockOptions, type LockService } from '../../../lib';
import { networkForEachTest } from '../../helpers/network';
import type { RedisServer } from '../../helpers/redis-server';
import { until } from '../../helpers/until';

const { servers, services } = networkForEachTest();

async function newService(): Promise<LockService> {
  const service = createLockService({ nodes: servers.map(({ url }) => url) });
  services.push(service);
  await service.ready();
  return service;
}

it.each<LockOptions>([{}, { mode: 'shared' }, { limit: 1 }, { fair: true }])(
  'a service that closes at once after a failed attempt leaves nothing on the nodes: %j',
  async (options) => {
    const service = await newService();
    const [free, ...others] = servers as [RedisServer, ...RedisServer[]];
    await Promise.all(others.map((server) => server.command('SET', 'lock:a', 'somebody')));

    await expect(service.acquire('a', { ...options, wait: 0 })).rejects.toMatchObject({
      name: 'LockBusyError',
    });
    await service.close();

    expect(await free.command('KEYS', 'lock:*')).toEqual([]);
  },
);

it('a service that closes while a caller waits leaves no place in line', async () => {
  const [holder, service] = [await newService(), await newService()];
  const lock = await holder.acquire('a', { limit: 1 });
  const waiting = service.acquire('a', { limit: 1, wait: 10_000 });
  waiting.catch(() => undefined);
  const lines = () => Promise.all(servers.map((server) => server.command('KEYS', 'line:*')));
  await until('it stands in all lines', async () =>
    (await lines()).every((keys) => Array.isArray(keys) && keys.length > 0),
  );

  await service.close();
  await expect(waiting).rejects.toMatchObject({ code: 'LOCK_UNAVAILABLE' });

  expect(await lines()).toEqual([[], [], []]);
  await lock.release();
});
