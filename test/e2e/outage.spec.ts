import { createLockService, type LockService } from '../../lib';
import { LockUnavailableError } from '../../lib/errors/lock-unavailable.error';
import { findFreePort } from '../helpers/free-port';
import { RedisServer } from '../helpers/redis-server';

/** Far beyond the limit of a test: whoever waits for all of it fails. */
const LONG_MS = 120_000;

describe('a call in an outage', () => {
  let locks: LockService;

  afterEach(() => locks.close());

  it('does not wait for nodes that refuse connections, in line or not', async () => {
    const ports = await Promise.all([findFreePort(), findFreePort(), findFreePort()]);
    locks = createLockService({ nodes: ports.map((port) => `redis://127.0.0.1:${port}`) });

    const calls = Array.from({ length: 200 }, (_, i) => locks.acquire(`order:${i % 3}`, { wait: LONG_MS }));

    for (const result of await Promise.allSettled(calls))
      expect(result).toMatchObject({
        status: 'rejected',
        reason: expect.any(LockUnavailableError) as object,
      });
  });

  it('does not wait for nodes that were stopped, and one that is asked to gets the lock when they go on', async () => {
    const servers = [await RedisServer.start(), await RedisServer.start(), await RedisServer.start()];
    try {
      locks = createLockService({ nodes: servers.map(({ url }) => url) });
      await (await locks.acquire('warm')).release();
      for (const server of servers) server.pause();

      const patient = locks.acquire('order:8', { wait: LONG_MS, outageWait: LONG_MS });
      await expect(locks.acquire('order:7', { wait: LONG_MS })).rejects.toThrow(LockUnavailableError);
      for (const server of servers) server.resume();

      expect((await patient).isHeld).toBe(true);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});
