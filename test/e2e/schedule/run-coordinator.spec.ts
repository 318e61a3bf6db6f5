import { createTask, type ScheduledTask } from 'node-cron';
import { createLockService, type LockService } from '../../../lib';
import { createRunCoordinator } from '../../../lib/schedule';
import { type RedisServer, startRedisServers } from '../../helpers/redis-server';
import { until } from '../../helpers/until';

let servers: RedisServer[] = [];
let services: LockService[] = [];
let tasks: ScheduledTask[] = [];

beforeEach(async () => {
  servers = await startRedisServers(3);
  services = [1, 2, 3].map(() => createLockService({ nodes: servers.map(({ url }) => url) }));
  await Promise.all(services.map((service) => service.ready()));
});

afterEach(async () => {
  for (const task of tasks) await task.destroy();
  tasks = [];
  await Promise.all(services.map((service) => service.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

describe('a coordinator for node-cron', () => {
  it('lets a task run once for each second, in one of three processes', async () => {
    const ran: string[] = [];
    const skipped: string[] = [];
    tasks = services.map((service) =>
      createTask('* * * * * *', ({ date }) => void ran.push(date.toISOString()), {
        name: 'beat',
        distributed: true,
        runCoordinator: createRunCoordinator(service),
      }),
    );
    for (const task of tasks) {
      task.on('execution:skipped', ({ date }) => void skipped.push(date.toISOString()));
      void task.start();
    }
    await until('it ran three times', () => ran.length >= 3 && skipped.length >= 6);

    expect(new Set(ran).size).toBe(ran.length);
  });

  it('holds the lock while a task runs, and releases it afterwards, no earlier than the lease', async () => {
    const [service] = services as [LockService, ...LockService[]];
    const coordinator = createRunCoordinator(service);

    expect(await coordinator.shouldRun('report:2026', 10)).toBe(true);
    expect(await createRunCoordinator(services[1] as LockService).shouldRun('report:2026', 10)).toBe(false);
    expect(await service.isLocked('schedule:report:2026')).toBe(true);
    await coordinator.onComplete('report:2026');
    await until('it is free', async () => !(await service.isLocked('schedule:report:2026')));
    await coordinator.onComplete('report:2026');
  });

  it('rejects when too few nodes answer, so that node-cron leaves the run out', async () => {
    await Promise.all(servers.slice(1).map((server) => server.stop()));

    await expect(
      createRunCoordinator(services[0] as LockService).shouldRun('report:2026', 1_000),
    ).rejects.toMatchObject({ code: 'LOCK_UNAVAILABLE' });
  });
});
