import { createLockService, LockBusyError, type LockService, LockUnavailableError } from '../../../lib';
import { type RedisServer, startRedisServers } from '../../helpers/redis-server';
import { until } from '../../helpers/until';
import { untilAllAnswer } from '../../helpers/until-all-answer';

const FOR_ONE_ATTEMPT = { wait: 0 };

let servers: RedisServer[] = [];
let services: LockService[] = [];

afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

/** Two processes, so to speak: they share nothing but the nodes. */
async function startFleet(masters: number): Promise<[LockService, LockService]> {
  servers = await startRedisServers(masters);
  const open = () =>
    createLockService({ nodes: servers.map(({ url }) => url), nodeTimeout: 2_000, shutdownTimeout: 0 });
  const fleet: [LockService, LockService] = [open(), open()];
  services = fleet;
  await Promise.all(services.map(untilAllAnswer));
  return fleet;
}

async function killSome(count: number): Promise<void> {
  await Promise.all(servers.slice(0, count).map((server) => server.kill()));
}

async function keysLeft(): Promise<unknown[]> {
  const alive = servers.filter(({ isRunning }) => isRunning);
  return (await Promise.all(alive.map((server) => server.command('KEYS', 'lock:*')))).flat();
}

describe.each([1, 3, 5])('%i independent masters', (masters) => {
  const mayFail = Math.floor((masters - 1) / 2);

  it('give a resource to one at a time, and to the next when it is released', async () => {
    const [ours, theirs] = await startFleet(masters);
    const held = await ours.acquire(['account:1', 'account:2']);

    await expect(theirs.acquire('account:2', FOR_ONE_ATTEMPT)).rejects.toThrow(LockBusyError);
    const waiting = theirs.acquire('account:1', { wait: 20_000 });
    const outcome = await held.release();
    const next = await waiting;

    expect(outcome).toBe('released');
    expect(next.isHeld).toBe(true);
    await next.release();
    await until('no key is left', async () => (await keysLeft()).length === 0);
  });

  if (mayFail > 0) {
    it(`go on when ${mayFail} of them are killed, and keep what was held`, async () => {
      const [ours, theirs] = await startFleet(masters);
      const held = await ours.acquire('order:1', { ttl: 30_000 });

      await killSome(mayFail);

      await expect(theirs.acquire('order:1', FOR_ONE_ATTEMPT)).rejects.toThrow(LockBusyError);
      await held.extend();
      expect(await held.release()).toBe('released');
      const next = await theirs.acquire('order:1');
      expect(await next.release()).toBe('released');
    });
  }

  it(`refuse all locks when ${mayFail + 1} are killed, and say so`, async () => {
    const [ours] = await startFleet(masters);

    await killSome(mayFail + 1);

    await expect(ours.acquire('order:1', FOR_ONE_ATTEMPT)).rejects.toThrow(LockUnavailableError);
    // The living nodes release what they granted.
    await until('no key is left', async () => (await keysLeft()).length === 0);
  });
});
