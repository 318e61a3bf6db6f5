import { createLockService, LockBusyError, LockLimitError, type LockService } from '../../lib';
import { type RedisServer, startRedisServers } from '../helpers/redis-server';
import { until } from '../helpers/until';

const PROCESSES = 4;

let servers: RedisServer[] = [];
let services: LockService[] = [];

beforeEach(async () => {
  servers = await startRedisServers(3);
  // Each with connections of its own, as in as many processes.
  services = Array.from({ length: PROCESSES }, () =>
    createLockService({ nodes: servers.map(({ url }) => url) }),
  );
  await Promise.all(services.map((service) => service.ready()));
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const service = (position: number): LockService => services[position % PROCESSES] as LockService;
/** So long that no key that was forgotten ends by itself while a test looks for it. */
const TTL_MS = 60_000;
/** A release is done when a majority has answered, and the last server may do it a moment later. */
const untilNothingIsLeft = (on: readonly RedisServer[]) =>
  until('no lock is left', async () => {
    const keys = await Promise.all(on.map((server) => server.command('KEYS', 'lock:*')));
    return keys.flat().length === 0;
  });
const untilWaiting = (resource: string, count: number) =>
  until(`${count} wait`, async () => (await service(0).inspect(resource)).waiting === count);

describe('permits on real servers', () => {
  it('never are more than the limit, each of another number, while a server restarts without its data', async () => {
    const LIMIT = 3;
    const held = new Set<number>();
    const wrong: string[] = [];
    let turns = 0;
    const callers = Array.from({ length: 12 }, async (_, caller) => {
      for (let turn = 0; turn < 12; turn++) {
        await service(caller).withLock(
          'api',
          { limit: LIMIT, ttl: TTL_MS, wait: 30_000, outageWait: 30_000 },
          async (lock) => {
            const [slot] = lock.slots;
            if (held.has(slot)) wrong.push(`slot ${slot} twice`);
            held.add(slot);
            if (held.size > LIMIT) wrong.push(`${held.size} at once`);
            await sleep(1 + (caller % 3));
            held.delete(slot);
            turns += 1;
            if (turns === 40) await servers[2]?.restart();
          },
        );
      }
    });

    await Promise.all(callers);

    expect(wrong).toEqual([]);
    expect(turns).toBe(144);
    await untilNothingIsLeft(servers.slice(0, 2));
  });

  it('are denied at once with a LockLimitError when all are taken, and inspect tells who has them', async () => {
    const locks = await Promise.all(
      [0, 1, 2].map((position) => service(position).acquire('seat', { limit: 3 })),
    );

    await expect(service(3).acquire('seat', { limit: 3, wait: 0 })).rejects.toBeInstanceOf(LockLimitError);
    const seen = await service(3).inspect('seat');
    await Promise.all(locks.map((lock) => lock.release()));

    expect(locks.map(({ slots: [slot] }) => slot).sort()).toEqual([0, 1, 2]);
    expect(seen).toMatchObject({ state: 'held', mode: 'limited' });
    expect(seen.holders.map(({ slot }) => slot)).toEqual([0, 1, 2]);
  });

  it('come together for who wants several of them', async () => {
    const singles = await Promise.all(
      [0, 1, 2].map((position) => service(position).acquire('jobs', { limit: 3 })),
    );
    const order: string[] = [];
    const big = service(3).withLock('jobs', { limit: 3, permits: 3, wait: 10_000 }, () =>
      order.push('three'),
    );
    await untilWaiting('jobs', 1);
    const small = service(0).withLock('jobs', { limit: 3, wait: 10_000 }, () => order.push('one'));
    await untilWaiting('jobs', 2);

    for (const lock of singles) await lock.release();
    await Promise.all([big, small]);

    expect(order).toEqual(['three', 'one']);
  });
});

describe('readers and writers on real servers', () => {
  it('never meet, and none of them waits for ever', async () => {
    let readers = 0;
    let writers = 0;
    let most = 0;
    const wrong: string[] = [];
    const reading = Array.from({ length: 12 }, async (_, caller) => {
      for (let turn = 0; turn < 15; turn++) {
        await service(caller).withLock('report', { mode: 'shared', ttl: TTL_MS, wait: 30_000 }, async () => {
          readers += 1;
          most = Math.max(most, readers);
          if (writers > 0) wrong.push('a reader beside a writer');
          await sleep(3);
          readers -= 1;
        });
      }
    });
    const writing = Array.from({ length: 2 }, async (_, caller) => {
      for (let turn = 0; turn < 8; turn++) {
        await service(caller).withLock('report', { ttl: TTL_MS, wait: 30_000 }, async () => {
          writers += 1;
          if (readers > 0 || writers > 1) wrong.push('a writer beside somebody');
          await sleep(2);
          writers -= 1;
        });
      }
    });

    await Promise.all([...reading, ...writing]);

    expect(wrong).toEqual([]);
    expect(most).toBeGreaterThan(1);
    await untilNothingIsLeft(servers);
  });

  it('keep a client out that knows nothing of readers', async () => {
    const lock = await service(0).acquire('report', { mode: 'shared' });

    const answers = await Promise.all(
      servers.map((server) => server.command('SET', 'lock:report', 'theirs', 'PX', 1_000, 'NX')),
    );
    await lock.release();

    expect(answers.filter((answer) => answer === null).length).toBeGreaterThanOrEqual(2);
  });

  it('hold some of several resources as a reader, all or nothing', async () => {
    const first = await service(0).acquire(['account:1', { shared: 'rates' }]);
    const second = await service(1).acquire(['account:2', { shared: 'rates' }]);

    await expect(service(2).acquire(['account:3', 'rates'], { wait: 0 })).rejects.toBeInstanceOf(
      LockBusyError,
    );
    expect((await service(2).inspect('account:3')).state).toBe('free');
    await Promise.all([first.release(), second.release()]);
    await (await service(2).acquire(['account:3', 'rates'])).release();
  });
});

describe('a lock on several resources, of which some are read', () => {
  it('leaves a turn to who waits for one of them in another process, although its own callers want it all the time', async () => {
    let isOver = false;
    const callers = Array.from({ length: 4 }, async () => {
      while (!isOver)
        await service(0).withLock(['order:7', { shared: 'rates' }], { wait: 30_000 }, () => sleep(3));
    });

    await service(1).withLock('order:7', { wait: 10_000 }, () => undefined);

    isOver = true;
    await Promise.all(callers);
  });
});

describe('the line on real servers', () => {
  it('gives a fair lock in the order in which processes asked', async () => {
    const order: number[] = [];
    const holder = await service(0).acquire('order:7', { fair: true });
    const waiting: Promise<unknown>[] = [];
    for (const position of [1, 2, 3]) {
      waiting.push(
        service(position).withLock('order:7', { fair: true, wait: 20_000 }, async () => {
          order.push(position);
          await sleep(5);
        }),
      );
      await untilWaiting('order:7', position);
    }

    await holder.release();
    await Promise.all(waiting);

    expect(order).toEqual([1, 2, 3]);
  });
});
