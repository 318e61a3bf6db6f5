import Redis from 'ioredis';
import { createLockService, type LockEvent } from '../../lib';
import { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';

const ended: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

it('a server that is too busy to say who it is gets no lock until it has said so, and is guarded ever after', async () => {
  const server = await RedisServer.start({ args: ['--lua-time-limit', '10'] });
  // A script that does not end hears no SIGTERM.
  ended.push(async () => {
    await server.kill();
    await server.stop();
  });
  const admin = new Redis(server.port, { enableReadyCheck: false, retryStrategy: null });
  ended.push(() => {
    if (admin.status === 'ready') admin.disconnect();
  });
  await admin.ping();
  const script = server.command('EVAL', 'while true do end', 0).catch((error: unknown) => error);
  await until('it is busy', () =>
    admin.ping().then(
      () => false,
      () => true,
    ),
  );
  // Else ioredis would not take the connection for ready.
  const node = { port: server.port, host: '127.0.0.1', enableReadyCheck: false };
  const service = createLockService({ nodes: [node], defaults: { wait: 0 }, shutdownTimeout: 0 });
  ended.push(() => service.close());
  const events: LockEvent[] = [];
  service.events$.subscribe((event) => events.push(event));
  const hasTold = (type: LockEvent['type']) => events.some((event) => event.type === type);

  await until('it is noticed', () => hasTold('node-down'));
  await expect(service.tryAcquire('order:7')).rejects.toThrow(/BUSY/);
  await admin.script('KILL');
  const lock = await service.acquire('order:7', { wait: 10_000, outageWait: 10_000 });
  await server.restart();
  await until('it is guarded', () => hasTold('node-guarded'));

  expect(await script).toBeInstanceOf(Error);
  expect(lock.resources).toEqual(['order:7']);
  await expect(service.tryAcquire('order:8')).rejects.toThrow(/another server answers than before/);
});
