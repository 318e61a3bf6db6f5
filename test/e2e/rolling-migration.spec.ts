import { setImmediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createLockService, LockBusyError, type Lock, type LockService } from '../../lib';
import { type RedisServer, startRedisServers } from '../helpers/redis-server';
import { until } from '../helpers/until';

/** As much of redlock 5 as these tests use; its own types are out of reach of `exports` in its package.json. */
interface OldLock {
  release(): Promise<unknown>;
}
interface OldSettings {
  retryCount: number;
  retryDelay?: number;
  retryJitter?: number;
}
interface OldRedlock {
  acquire(resources: string[], duration: number): Promise<OldLock>;
}
type OldRedlockClass = new (clients: readonly Redis[], settings: OldSettings) => OldRedlock;

const { default: Redlock, ExecutionError } = jest.requireActual<{
  default: OldRedlockClass;
  ExecutionError: new () => Error;
}>('redlock');

const TTL = 10_000;
const TURNS = 10;

let servers: RedisServer[] = [];
let clients: Redis[] = [];
let ours: LockService;

beforeAll(async () => {
  servers = await startRedisServers(3);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

beforeEach(async () => {
  clients = servers.map(({ url }) => new Redis(url));
  await Promise.all(clients.map((client) => client.flushall()));
  ours = newService('');
  await ours.withLock('connected', () => undefined);
});

afterEach(async () => {
  await ours.close();
  for (const client of clients) client.disconnect();
});

function newService(keyPrefix: string): LockService {
  return createLockService({ nodes: servers.map(({ url }) => url), keyPrefix });
}

function oldRedlock(settings: OldSettings = { retryCount: 0 }): OldRedlock {
  return new Redlock(clients, settings);
}

const valuesOf = (key: string) => Promise.all(clients.map((client) => client.get(key)));

/** A lock is won with a majority, and reaches the last node a moment later. */
async function everywhere(key: string): Promise<(string | null)[]> {
  let values = await valuesOf(key);
  await until(`${key} is on every node`, async () => {
    values = await valuesOf(key);
    return !values.includes(null);
  });
  return values;
}

describe('processes with redlock 5 beside processes with this library', () => {
  it('keep us out while they hold a resource, and let us in afterwards', async () => {
    const theirs = await oldRedlock().acquire(['order:7'], TTL);
    const held = await everywhere('order:7');

    await expect(ours.acquire('order:7', { wait: 0 })).rejects.toThrow(LockBusyError);

    expect(await valuesOf('order:7')).toEqual(held);
    await theirs.release();
    await expect(ours.withLock('order:7', { wait: 0 }, (lock) => lock.isHeld)).resolves.toBe(true);
  });

  it('are kept out while we hold a resource, and let in afterwards', async () => {
    const lock = await ours.acquire('order:7');
    const held = await everywhere('order:7');

    await expect(oldRedlock().acquire(['order:7'], TTL)).rejects.toThrow(ExecutionError);

    expect(await valuesOf('order:7')).toEqual(held);
    await lock.release();
    await (await oldRedlock().acquire(['order:7'], TTL)).release();
  });

  it('exclude us, and we them, when one of several resources is the same', async () => {
    const theirs = await oldRedlock().acquire(['a', 'b'], TTL);
    await everywhere('b');
    await expect(ours.acquire(['b', 'c'], { wait: 0 })).rejects.toThrow(LockBusyError);
    await theirs.release();

    await using _lock = await ours.acquire(['b', 'c']);
    await everywhere('b');
    await expect(oldRedlock().acquire(['a', 'b'], TTL)).rejects.toThrow(ExecutionError);
    expect(await valuesOf('a')).toEqual([null, null, null]);
  });

  it('never are inside at the same time as we', async () => {
    let inside = 0;
    let most = 0;
    const entered = { old: 0, new: 0 };
    const visit = async (kind: keyof typeof entered) => {
      most = Math.max(most, ++inside);
      await setImmediate();
      inside -= 1;
      entered[kind] += 1;
    };
    const old = oldRedlock({ retryCount: 5_000, retryDelay: 5, retryJitter: 5 });

    await Promise.all([
      ...[1, 2].map(() =>
        repeat(async () => {
          const lock = await old.acquire(['order:7'], TTL);
          await visit('old');
          await lock.release();
        }),
      ),
      ...[1, 2].map(() =>
        repeat(async () => {
          const lock = await insist('order:7');
          await visit('new');
          await lock.release();
        }),
      ),
    ]);

    expect({ most, entered }).toEqual({ most: 1, entered: { old: 2 * TURNS, new: 2 * TURNS } });
  });
});

describe('processes with another library that sets a plain key', () => {
  it.each([
    ['redis-semaphore', 'mutex:', 'mutex:order:7'],
    ['murlock', '', 'order:7'],
  ])('exclude us, and we them: %s', async (_library, keyPrefix, key) => {
    const service = newService(keyPrefix);
    await service.withLock('connected', () => undefined);
    const setTheirs = () => Promise.all(clients.map((client) => client.set(key, 'theirs', 'PX', TTL, 'NX')));

    expect(await setTheirs()).toEqual(['OK', 'OK', 'OK']);
    await expect(service.acquire('order:7', { wait: 0 })).rejects.toThrow(LockBusyError);
    await Promise.all(clients.map((client) => client.del(key)));
    const lock = await service.acquire('order:7');
    const answers = await setTheirs();

    await lock.release();
    await service.close();
    expect(answers.filter((answer) => answer === 'OK').length).toBeLessThan(2);
  });
});

async function repeat(turn: () => Promise<void>): Promise<void> {
  for (let turns = 0; turns < TURNS; turns += 1) await turn();
}

/** Asks again and again: a waiter is woken by releases of its own kind only. */
async function insist(resource: string): Promise<Lock> {
  for (;;) {
    const lock = await ours.tryAcquire(resource);
    if (lock !== null) return lock;
    await setImmediate();
  }
}
