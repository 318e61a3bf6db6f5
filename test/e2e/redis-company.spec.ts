import { Cluster } from 'ioredis';
import { createLockService, type LockEvent, type LockService } from '../../lib';
import { keySlot } from '../../lib/redis/script/key-slot';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, extend, ownerOf, release, untilUp } from '../helpers/ask-node';
import { startRedisCluster } from '../helpers/redis-cluster';
import { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';

const GRANTED = { kind: 'granted' };
const NAMES = Array.from({ length: 10 }, (_, i) => `r${i}`);

const ended: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function startServer(options?: Parameters<typeof RedisServer.start>[0]): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  ended.push(() => server.stop());
  return server;
}

async function startCluster(count: number): Promise<RedisServer[]> {
  const servers = await startRedisCluster(count);
  ended.push(() => Promise.all(servers.map((server) => server.stop())));
  return servers;
}

async function openNode(input: Parameters<typeof describeRedisNode>[0]): Promise<RedisLockNode> {
  const node = new RedisLockNode(describeRedisNode(input));
  ended.push(() => node.close());
  await untilUp(node);
  return node;
}

function open(url: string): { locks: LockService; events: LockEvent[] } {
  const locks = createLockService({ nodes: [url], restartGuard: false, shutdownTimeout: 0 });
  ended.push(() => locks.close());
  const events: LockEvent[] = [];
  locks.events$.subscribe((event) => events.push(event));
  return { locks, events };
}

async function untilAnswers(locks: LockService): Promise<void> {
  await until('the node answers', async () => (await locks.inspect('any')).state !== 'unknown');
}

/** A name in the slots of the first half of a cluster of two, or of the second. */
function nameIn(half: 0 | 1): string {
  return NAMES.find((name) => keySlot(`lock:${name}`) < 8192 === (half === 0)) ?? '';
}

describe('the one server of a Redis Cluster, given by its URL', () => {
  let server: RedisServer;

  beforeAll(async () => {
    [server] = (await startRedisCluster(1)) as [RedisServer];
  });

  afterEach(() => server.command('FLUSHALL'));

  afterAll(() => server.stop());

  it('takes what several callers ask for in one tick, and several resources at once', async () => {
    const { locks } = open(server.url);
    await untilAnswers(locks);

    const held = await Promise.all(NAMES.map((name) => locks.acquire(name, { wait: 0, fencing: true })));
    const extended = await Promise.allSettled(held.map((lock) => lock.extend()));
    const outcomes = await Promise.all(held.map((lock) => lock.release()));
    const pair = await locks.acquire(NAMES, { wait: 0, fencing: true });
    await pair.extend();

    expect(extended.map(({ status }) => status)).toEqual(NAMES.map(() => 'fulfilled'));
    expect(outcomes).toEqual(NAMES.map(() => 'released'));
    expect(await server.command('KEYS', 'lock:r*')).toHaveLength(NAMES.length);
    expect(await pair.release()).toBe('released');
    expect(await server.command('KEYS', 'lock:r*')).toEqual([]);
  });

  it('is told to belong to a cluster, once', async () => {
    const { locks, events } = open(server.url);
    await untilAnswers(locks);

    await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await until('it was down', () => events.some(({ type }) => type === 'node-down'));
    await untilAnswers(locks);

    const warnings = events.filter((event) => event.type === 'node-warning' && event.warning === 'cluster');
    expect(warnings).toEqual([
      expect.objectContaining({ message: expect.stringContaining('belongs to a Redis Cluster') as string }),
    ]);
  });

  it('wakes who waits for a lock that another process releases', async () => {
    const [{ locks }, { locks: other }] = [open(server.url), open(server.url)];
    await Promise.all([untilAnswers(locks), untilAnswers(other)]);
    const held = await locks.acquire('r', { ttl: 60_000 });
    const waiting = other.acquire('r', { wait: 30_000 });
    await until('it listens', async () => {
      const [, count] = (await server.command('PUBSUB', 'NUMSUB', 'lock:r')) as [string, number];
      return count === 1;
    });

    await held.release();

    expect((await waiting).isHeld).toBe(true);
  });

  it('takes them also where nobody may ask whether it is one', async () => {
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-info');
    const node = await openNode(`redis://app:secret@127.0.0.1:${server.port}`);

    const pair = await acquire(node, ['p', 'q'], { ownerToken: 'anna' });
    const votes = await Promise.all(NAMES.map((name) => acquire(node, name, { ownerToken: 'anna' })));
    const releases = await Promise.all(NAMES.map((name) => release(node, name, { ownerToken: 'anna' })));

    expect([pair, ...votes, ...releases]).toEqual(Array(1 + 2 * NAMES.length).fill(GRANTED));
  });

  it('fails, of what is asked for in one tick, only what is at another server, and says what to give', async () => {
    const [first] = (await startCluster(2)) as [RedisServer];
    const node = await openNode(first.url);

    const [here, there] = await Promise.all([
      acquire(node, nameIn(0), { ownerToken: 'anna' }),
      acquire(node, nameIn(1), { ownerToken: 'anna' }),
    ]);
    const both = await acquire(node, [nameIn(0), nameIn(1)], { ownerToken: 'ben' });

    expect(here).toEqual(GRANTED);
    for (const vote of [there, both]) {
      expect(vote).toMatchObject({
        kind: 'failed',
        error: { message: expect.stringMatching(/belongs to a Redis Cluster.*new Cluster/) as string },
      });
    }
  });
});

describe('requests of one tick', () => {
  it('do not fail because the user may not touch the key of a neighbour', async () => {
    const server = await startServer();
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~lock:a*', '&lock:*', '+@all');
    const node = await openNode(`redis://app:secret@127.0.0.1:${server.port}`);
    const ask = (verb: typeof acquire | typeof extend | typeof release) =>
      Promise.all(['a1', 'b1', 'a2'].map((name) => verb(node, name, { ownerToken: 'anna' })));

    const acquired = await ask(acquire);
    const extended = await ask(extend);
    const released = await ask(release);

    for (const votes of [acquired, extended, released]) {
      expect(votes).toMatchObject([GRANTED, { kind: 'failed', error: { code: 'NOPERM' } }, GRANTED]);
    }
  });

  it('are not put back by being asked again after a release that came later', async () => {
    const server = await startServer();
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~lock:a*', '&lock:*', '+@all');
    const node = await openNode(`redis://app:secret@127.0.0.1:${server.port}`);

    const acquired = Promise.all(['a1', 'b1'].map((name) => acquire(node, name, { ownerToken: 'anna' })));
    // They have left, and their refusal was not read yet.
    await new Promise<void>((resolve) => {
      process.nextTick(resolve);
    });
    const released = await release(node, 'a1', { ownerToken: 'anna' });

    expect(await acquired).toMatchObject([
      { kind: 'failed', error: { message: expect.stringContaining('released before') as string } },
      { kind: 'failed' },
    ]);
    expect(released).toEqual({ kind: 'denied' });
    expect(await ownerOf(node, 'a1')).toBeUndefined();
  });

  it('are asked one by one while their slot is on its way to another server of a Redis Cluster', async () => {
    const servers = (await startCluster(2)) as [RedisServer, RedisServer];
    const client = new Cluster(
      servers.map(({ port }) => ({ host: '127.0.0.1', port })),
      { lazyConnect: true },
    );
    ended.push(() => {
      client.disconnect();
    });
    const node = await openNode(client);
    const slot = keySlot('{t}');
    const [from, to] = slot < 8192 ? servers : [servers[1], servers[0]];
    await acquire(node, 'held{t}', { ownerToken: 'eva' });
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(await from.command('CLUSTER', 'MYID')));
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(await to.command('CLUSTER', 'MYID')));

    const votes = await Promise.all([
      acquire(node, 'held{t}', { ownerToken: 'anna' }),
      acquire(node, 'free{t}', { ownerToken: 'anna' }),
    ]);
    const releases = await Promise.all([
      release(node, 'held{t}', { ownerToken: 'eva' }),
      release(node, 'free{t}', { ownerToken: 'anna' }),
    ]);

    expect(votes).toEqual([{ kind: 'denied' }, GRANTED]);
    expect(releases).toEqual([GRANTED, GRANTED]);
  });
});
