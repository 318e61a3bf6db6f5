import { Socket } from 'node:net';
import { MOST_IN_BATCH } from '../../lib/redis/request/command-batch';
import { systemClock } from '../../lib/system/system-clock';
import { BatchEncoder } from '../../lib/redis/request/encoded-batch';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import type { RedisLockNodeOptions } from '../../lib/redis/redis-lock-node-options';
import { acquire, extend, ownerOf, release, untilUp } from '../helpers/ask-node';
import { commandCounts } from '../helpers/command-counts';
import { RedisServer } from '../helpers/redis-server';
import { TcpProxy } from '../helpers/tcp-proxy';
import { until } from '../helpers/until';

const GRANTED = { kind: 'granted' };
const DENIED = { kind: 'denied' };
/** Where nobody waits: the time of the node is the ticket of a caller that enters the line elsewhere. */
const GRANTED_IN_LINE = { kind: 'granted', inLine: 0, nodeMicros: expect.any(Number) as number };

let server: RedisServer;
let proxy: TcpProxy;
let nodes: RedisLockNode[] = [];

beforeEach(async () => {
  server = await RedisServer.start();
  proxy = await TcpProxy.start(server.port);
});

afterEach(async () => {
  server.resume();
  await Promise.all(nodes.map((node) => node.close()));
  nodes = [];
  await proxy.stop();
  await server.stop();
});

async function openUp(url = server.url, options?: RedisLockNodeOptions): Promise<RedisLockNode> {
  const node = new RedisLockNode(describeRedisNode(url), options);
  nodes.push(node);
  await untilUp(node);
  return node;
}

const resourcesOf = (count: number) => Array.from({ length: count }, (_, i) => `r${i}`);

/** What was asked for has left, and no reply was read yet. */
const nextTick = () =>
  new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });

describe('requests of one tick for readers, permits and the line', () => {
  const reader = (resource: string) => ({
    shared: [resource],
    line: { id: `i-${resource}`, entryMs: 1_000 },
  });
  const permit = (resource: string) => ({
    limit: { limit: 5, permits: 2, start: 3 },
    line: { id: `i-${resource}`, entryMs: 1_000, permits: 2 },
  });

  it('travel as one command, whatever they are for, and so do their releases', async () => {
    const node = await openUp();
    const before = await commandCounts(server);

    const votes = await Promise.all([
      ...resourcesOf(20).map((name) => acquire(node, name, { ownerToken: 'anna', ...reader(name) })),
      acquire(node, 'api', { ownerToken: 'anna', ...permit('api') }),
      acquire(node, 'fair', { ownerToken: 'anna', line: { id: 'i', entryMs: 1_000 } }),
    ]);
    const released = await Promise.all([
      ...resourcesOf(20).map((name) =>
        release(node, name, { ownerToken: 'anna', shared: [name], turnMs: 50, wakeWaiters: true }),
      ),
      release(node, 'api', { ownerToken: 'anna', slots: [3, 4], turnMs: 50, wakeWaiters: true }),
      release(node, 'fair', { ownerToken: 'anna', turnMs: 50, wakeWaiters: true }),
    ]);

    expect(votes.slice(0, 20)).toEqual(resourcesOf(20).map(() => GRANTED_IN_LINE));
    expect(votes[20]).toEqual({ ...GRANTED_IN_LINE, slots: [3, 4] });
    expect(votes[21]).toEqual(GRANTED_IN_LINE);
    expect(released).toEqual(votes.map(() => GRANTED));
    const { evalsha } = await commandCounts(server, before);
    expect(evalsha).toBe(2);
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('do not fail because a neighbour meets a key of another program', async () => {
    const node = await openUp();
    await server.command('SET', 'line:who:{lock:b}', 'no line');
    await server.command('SADD', 'lock:c', 'no lock');

    const votes = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => acquire(node, name, { ownerToken: 'anna', ...reader(name) })),
    );

    expect(votes[0]).toEqual(GRANTED_IN_LINE);
    expect(votes[1]).toMatchObject({ kind: 'failed', error: { code: 'WRONGTYPE' } });
    expect(votes[2]).toMatchObject({ kind: 'denied', by: 'held' });
    expect(votes[3]).toEqual(GRANTED_IN_LINE);
  });

  it('give each reader its own answer where somebody is there for some of them', async () => {
    const node = await openUp();
    await acquire(node, 'b', { ownerToken: 'writer' });
    await acquire(node, 'c', { ownerToken: 'other', ttlMs: 60_000, shared: ['c'] });
    await acquire(node, 'd', { ownerToken: 'other', shared: ['d'] });
    await acquire(node, 'd', { ownerToken: 'w', line: { id: 'w', ticket: 1, entryMs: 60_000 } });

    const votes = await Promise.all(
      ['a', 'b', 'c', 'd', 'e{1}'].map((name) =>
        acquire(node, name, { ownerToken: 'anna', ttlMs: 10_000, ...reader(name) }),
      ),
    );

    expect(votes).toMatchObject([
      GRANTED,
      { kind: 'denied', by: 'held', holder: 'writer' },
      GRANTED,
      { kind: 'denied', by: 'line' },
      GRANTED,
    ]);
    // The key lasts for as long as the reader that ends last.
    expect(Number(await server.command('PTTL', 'lock:c'))).toBeGreaterThan(30_000);
    expect(Number(await server.command('PTTL', 'lock:a'))).toBeLessThanOrEqual(10_000);
  });

  it('release what is theirs, with an answer for each', async () => {
    const node = await openUp();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(names.map((name) => acquire(node, name, { ownerToken: 'anna', ...reader(name) })));
    await release(node, 'b', { ownerToken: 'anna', shared: ['b'] });
    await acquire(node, 'b', { ownerToken: 'other', shared: ['b'] });
    await acquire(node, 'c', { ownerToken: 'other', ttlMs: 5_000, shared: ['c'] });
    await server.command('DEL', 'lock:d', 'lock:e', 'lock:f');
    await server.command('ZADD', 'lock:d', '1', 'of another program');
    await server.command('SET', 'lock:f', 'writer');

    const votes = await Promise.all(
      names.map((name) =>
        release(node, name, { ownerToken: 'anna', shared: [name], turnMs: 50, wakeWaiters: true }),
      ),
    );

    expect(votes).toEqual([GRANTED, DENIED, GRANTED, DENIED, DENIED, DENIED]);
    expect(await server.command('EXISTS', 'lock:a', 'lock:e')).toBe(0);
    expect(await server.command('ZRANGE', 'lock:b', '0', '-1')).toEqual(['|other']);
    expect(Number(await server.command('PTTL', 'lock:c'))).toBeLessThanOrEqual(5_000);
    expect(await server.command('TTL', 'lock:d')).toBe(-1);
    expect(await server.command('GET', 'lock:f')).toBe('writer');
  });

  it('call the next in line, whose turn it is when a reader goes with others', async () => {
    const node = await openUp();
    const names = ['a', 'b'];
    await Promise.all(names.map((name) => acquire(node, name, { ownerToken: 'anna', ...reader(name) })));
    await acquire(node, 'b', { ownerToken: 'w', line: { id: 'p.w', ticket: 1, entryMs: 60_000 } });
    const heard: string[] = [];
    const subscription = node.onReleased('b', (released = '') => heard.push(released), 'p.w');
    await until('it is heard', () => subscription.isHeard);

    await Promise.all(
      names.map((name) =>
        release(node, name, { ownerToken: 'anna', shared: [name], turnMs: 60_000, wakeWaiters: true }),
      ),
    );
    await until('it was told', () => heard.includes('anna'));

    expect(await server.command('EXISTS', 'lock:a')).toBe(0);
    expect(await server.command('GET', 'lock:b')).toContain('!turn');
  });

  it('leave nothing that cannot expire where a server refuses to let it', async () => {
    const rights = ['on', '>secret', '~*', '&*', '+@all', '-pexpireat'];
    await server.command('ACL', 'SETUSER', 'app', 'reset', ...rights);
    const node = await openUp(server.url.replace('redis://', 'redis://app:secret@'));

    const votes = await Promise.all(
      ['a', 'b'].map((name) => acquire(node, name, { ownerToken: 'anna', ...reader(name) })),
    );

    expect(votes.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
    expect(await server.command('EXISTS', 'lock:a', 'lock:b')).toBe(0);
  });

  it('tell each of those who wait, and count them', async () => {
    const node = await openUp();
    const other = await openUp();
    const names = ['a', 'b'];
    await Promise.all(names.map((name) => acquire(node, name, { ownerToken: 'anna', ...reader(name) })));
    const heard: string[] = [];
    const subscription = other.onReleased('b', (released) => {
      if (released !== undefined) heard.push(released);
    });
    await until('it is heard', () => subscription.isHeard);

    const votes = await Promise.all(
      names.map((name) =>
        release(node, name, { ownerToken: 'anna', shared: [name], turnMs: 50, wakeWaiters: true }),
      ),
    );
    await until('it was told', () => heard.length > 0);

    expect(votes).toEqual([GRANTED, { kind: 'granted', waiting: 1 }]);
    expect(heard).toEqual(['anna']);
  });

  it('are sent as a text to a server that has forgotten the script, but for what was released since', async () => {
    const node = await openUp();
    await server.command('SCRIPT', 'FLUSH');

    const names = ['a', 'b'];
    const votes = names.map((name) => acquire(node, name, { ownerToken: name, ...reader(name) }));
    await nextTick();
    const released = release(node, 'a', { ownerToken: 'a', shared: ['a'], turnMs: 50, wakeWaiters: true });

    const [a, b] = await Promise.all(votes);
    await released;
    expect(a?.kind).toBe('failed');
    expect(b).toEqual(GRANTED_IN_LINE);
    expect(await server.command('EXISTS', 'lock:a')).toBe(0);
  });
});

describe('requests of one tick', () => {
  it('do not fail because a neighbour meets a key of another program', async () => {
    const node = await openUp();
    await server.command('HSET', 'lock:hash', 'field', 'value');
    await server.command('SET', 'lock:by-hand', 'no lock');
    await acquire(node, 'held', { ownerToken: 'eva' });

    const votes = await Promise.all([
      acquire(node, 'a', { ownerToken: 'anna' }),
      acquire(node, 'hash', { ownerToken: 'anna' }),
      extend(node, 'hash', { ownerToken: 'anna' }),
      release(node, 'hash', { ownerToken: 'anna', wakeWaiters: true }),
      extend(node, 'hash', { ownerToken: 'anna', replaces: 'value' }),
      extend(node, 'by-hand', { ownerToken: 'anna', replaces: 'ben' }),
      extend(node, 'by-hand', { ownerToken: 'anna' }),
      release(node, 'by-hand', { ownerToken: 'anna' }),
      acquire(node, 'held', { ownerToken: 'anna' }),
      extend(node, 'a', { ownerToken: 'anna' }),
      release(node, 'a', { ownerToken: 'anna' }),
    ]);

    expect(votes).toMatchObject([
      GRANTED,
      DENIED,
      DENIED,
      DENIED,
      { ...DENIED, healed: false },
      { ...DENIED, healed: false },
      DENIED,
      DENIED,
      DENIED,
      GRANTED,
      GRANTED,
    ]);
    expect(await server.command('HGET', 'lock:hash', 'field')).toBe('value');
    expect(await server.command('GET', 'lock:by-hand')).toBe('no lock');
    expect(await ownerOf(node, 'held')).toBe('eva');
  });

  it('fail one by one on a server without memory, with the reason, while releases still work', async () => {
    const node = await openUp();
    await acquire(node, 'a', { ownerToken: 'anna' });
    await server.command('CONFIG', 'SET', 'maxmemory', '1');

    const votes = await Promise.all([
      acquire(node, 'b', { ownerToken: 'anna' }),
      acquire(node, 'a', { ownerToken: 'ben' }),
      extend(node, 'a', { ownerToken: 'ben', replaces: 'anna' }),
      extend(node, 'c', { ownerToken: 'anna' }),
      extend(node, 'd', { ownerToken: 'ben', replaces: 'anna' }),
      acquire(node, ['b', 'c'], { ownerToken: 'anna' }),
      extend(node, ['c', 'a'], { ownerToken: 'ben', replaces: 'anna' }),
      extend(node, ['c', 'a'], { ownerToken: 'anna' }),
      // Last: once a script has written something, the server lets it write more.
      release(node, 'a', { ownerToken: 'anna', wakeWaiters: true }),
    ]);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');

    const failed = { kind: 'failed', error: { code: 'OOM' } };
    expect(votes).toMatchObject([...Array<object>(8).fill(failed), GRANTED]);
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('from one caller alone is the command that everybody else sends', async () => {
    const node = await openUp();
    const before = await commandCounts(server);

    await acquire(node, 'a', { ownerToken: 'anna' });

    expect(await commandCounts(server, before)).toEqual({ set: 1 });
  });

  it('released by one caller alone cost three calls of the server when nobody waits', async () => {
    const node = await openUp();
    await acquire(node, 'a', { ownerToken: 'anna' });
    const before = await commandCounts(server);

    const vote = await release(node, 'a', { ownerToken: 'anna', wakeWaiters: true });

    expect(vote).toEqual(GRANTED);
    expect(await commandCounts(server, before)).toEqual({ evalsha: 1, get: 1, 'pubsub|numsub': 1, del: 1 });
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('released by one caller alone are told to who waits, and denied where somebody else has them', async () => {
    const node = await openUp();
    const other = await openUp();
    const heard: unknown[] = [];
    const listening = other.onReleased('a', (...news) => heard.push(news));
    await until('it is heard', () => listening.isHeard);
    await acquire(node, 'a', { ownerToken: 'anna' });
    await acquire(node, 'b', { ownerToken: 'ben' });
    await server.command('HSET', 'lock:hash', 'field', 'value');

    const votes = [
      await release(node, 'b', { ownerToken: 'anna', wakeWaiters: true }),
      await release(node, 'hash', { ownerToken: 'anna', wakeWaiters: true }),
      await release(node, 'none', { ownerToken: 'anna', wakeWaiters: true }),
      await release(node, 'a', { ownerToken: 'anna', wakeWaiters: true }),
    ];

    expect(votes).toEqual([DENIED, DENIED, DENIED, { kind: 'granted', waiting: 1 }]);
    await until('it was told', () => heard.some((news) => (news as unknown[])[0] === 'anna'));
    expect(await ownerOf(node, 'b')).toBe('ben');
    listening.stop();
  });

  it('released by one caller alone are released by a server that has forgotten its scripts', async () => {
    const node = await openUp();
    await acquire(node, 'größe:✓', { ownerToken: 'anna' });
    await server.command('SCRIPT', 'FLUSH');

    const vote = await release(node, 'größe:✓', { ownerToken: 'anna', wakeWaiters: true });

    expect(vote).toEqual(GRANTED);
    expect(await server.command('DBSIZE')).toBe(0);
  });

  const most = MOST_IN_BATCH;

  it.each([2, most, most + 1, 3 * most + 8])(
    `are %d, and cost a command for every ${most} of them`,
    async (count) => {
      const node = await openUp();
      const resources = resourcesOf(count);
      const before = await commandCounts(server);

      const granted = await Promise.all(
        resources.map((resource) => acquire(node, resource, { ownerToken: 'anna' })),
      );
      const afterAcquire = await commandCounts(server, before);
      const denied = await Promise.all(
        resources.map((resource) => acquire(node, resource, { ownerToken: 'ben' })),
      );
      const released = await Promise.all(
        resources.map((resource) => release(node, resource, { ownerToken: 'anna', wakeWaiters: true })),
      );

      const scripts = Math.floor(count / most) + (count % most > 1 ? 1 : 0);
      // What is left over alone goes as itself.
      expect((afterAcquire['evalsha'] ?? 0) + (count % most === 1 ? 1 : 0)).toBe(Math.ceil(count / most));
      expect(afterAcquire['evalsha'] ?? 0).toBe(scripts);
      expect(granted).toEqual(resources.map(() => GRANTED));
      expect(denied.map(({ kind }) => kind)).toEqual(resources.map(() => 'denied'));
      expect(released).toEqual(resources.map(() => GRANTED));
      expect(await server.command('DBSIZE')).toBe(0);
    },
  );

  it('on several resources each share a command with all others', async () => {
    const node = await openUp();
    await server.command('HSET', 'lock:hash', 'field', 'value');
    const fence = { proposal: Date.now() * 1_000, skewMicros: 1_000_000, keepMs: 60_000 };
    const before = await commandCounts(server);

    const acquired = await Promise.all([
      acquire(node, ['a', 'b'], { ownerToken: 'anna' }),
      acquire(node, ['c', 'b'], { ownerToken: 'ben' }),
      acquire(node, 'c', { ownerToken: 'eva' }),
      acquire(node, ['d', 'e', 'f'], { ownerToken: 'ida', fence }),
      acquire(node, ['g', 'hash'], { ownerToken: 'ida' }),
      acquire(node, ['g', 'e'], { ownerToken: 'ida', fence }),
      acquire(node, ['f', 'e', 'd'], { ownerToken: 'jan', replaces: 'ida', fence }),
      acquire(node, 'k', { ownerToken: 'lea' }),
      acquire(node, ['k', 'l'], { ownerToken: 'max', replaces: 'lea', fence }),
    ]);
    const kept = await Promise.all([
      extend(node, ['a', 'b'], { ownerToken: 'anna' }),
      extend(node, ['v', 'hash'], { ownerToken: 'anna' }),
      extend(node, ['a', 'x'], { ownerToken: 'anna' }),
      extend(node, ['a', 'c'], { ownerToken: 'anna' }),
      extend(node, ['c', 'y'], { ownerToken: 'ben', replaces: 'eva' }),
      extend(node, ['c', 'a'], { ownerToken: 'eva', replaces: 'ben' }),
    ]);
    const released = await Promise.all([
      release(node, ['a', 'b', 'x'], { ownerToken: 'anna' }),
      release(node, ['c', 'd'], { ownerToken: 'ben', wakeWaiters: true }),
      release(node, ['d', 'e', 'f'], { ownerToken: 'jan', wakeWaiters: true }),
      release(node, ['k', 'l'], { ownerToken: 'max' }),
    ]);

    const HEALED = { kind: 'denied', healed: true };
    const REPLACED = { kind: 'granted', replaced: true, fence: fence.proposal + 1 };
    const NUMBERED = { kind: 'granted', fence: fence.proposal };
    expect(acquired.slice(0, 7)).toMatchObject([
      ...[GRANTED, DENIED, GRANTED, NUMBERED],
      ...[DENIED, DENIED, REPLACED],
    ]);
    // Replaced is what was so with all of its resources.
    expect(acquired.slice(7)).toEqual([GRANTED, NUMBERED]);
    expect(kept).toMatchObject([GRANTED, DENIED, HEALED, DENIED, HEALED, DENIED]);
    expect(released).toMatchObject([GRANTED, DENIED, GRANTED, GRANTED]);
    expect(await commandCounts(server, before)).toMatchObject({ evalsha: 3 });
    const left = (await server.command('KEYS', '*')) as string[];
    const counters = left.filter((key) => key.startsWith('lock:#fence:'));
    expect(left.filter((key) => !counters.includes(key)).sort()).toEqual(['lock:hash', 'lock:y']);
    expect(await ownerOf(node, 'y')).toBe('ben');
    expect(counters).toHaveLength(5);
  });

  it('are written once for all nodes, and every node gets them', async () => {
    const other = await RedisServer.start();
    try {
      const encoder = new BatchEncoder('lock:', systemClock);
      const both = [await openUp(server.url, { encoder }), await openUp(other.url, { encoder })];
      const requests = ['größe:✓', 'b', 'c'].map((resource) => ({
        resources: [resource],
        ownerToken: `anna-${resource}`,
        ttlMs: 60_000,
        askHolderTtl: false,
      }));

      const votes = await Promise.all(
        both.flatMap((node) =>
          requests.map(
            (request) =>
              new Promise((resolve) => {
                node.acquire(request, resolve);
              }),
          ),
        ),
      );

      expect(votes).toEqual(Array.from({ length: 6 }, () => GRANTED));
      for (const node of both) {
        for (const { resources, ownerToken } of requests)
          expect(await ownerOf(node, resources[0] ?? '')).toBe(ownerToken);
      }
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
      await other.stop();
    }
  });
});

describe('the only node, which gets half of a tick before it ends', () => {
  it('applies all requests in order, whatever leaves early', async () => {
    const node = await openUp(server.url, { isOnly: true });
    const votes: object[] = [];

    // Each tick is right only if all before it was done, and done in order.
    for (let turn = 0; turn < 200; turn++) {
      votes.push(
        ...(await Promise.all([
          acquire(node, 'a', { ownerToken: `anna-${turn}` }),
          extend(node, 'a', { ownerToken: `anna-${turn}` }),
          acquire(node, ['b', 'c'], { ownerToken: `ben-${turn}` }),
          release(node, 'a', { ownerToken: `anna-${turn}`, wakeWaiters: true }),
          acquire(node, 'a', { ownerToken: `eva-${turn}` }),
          release(node, ['b', 'c'], { ownerToken: `ben-${turn}`, wakeWaiters: true }),
          release(node, 'a', { ownerToken: `eva-${turn}`, wakeWaiters: true }),
        ])),
      );
    }

    expect(votes).toEqual(votes.map(() => GRANTED));
    expect(await server.command('DBSIZE')).toBe(0);
  });
});

describe('a batch for a server that forgot the script', () => {
  it('is sent again, in order', async () => {
    const node = await openUp();
    await server.command('SCRIPT', 'FLUSH');

    const votes = await Promise.all([
      acquire(node, 'a', { ownerToken: 'anna' }),
      acquire(node, 'a', { ownerToken: 'ben' }),
      extend(node, 'a', { ownerToken: 'anna' }),
      extend(node, 'a', { ownerToken: 'eva', replaces: 'anna' }),
      acquire(node, 'b', { ownerToken: 'anna' }),
      release(node, 'b', { ownerToken: 'anna' }),
      acquire(node, ['c', 'b'], { ownerToken: 'anna' }),
      extend(node, ['c', 'b'], { ownerToken: 'anna' }),
      release(node, ['c', 'b'], { ownerToken: 'anna' }),
    ]);

    expect(votes).toMatchObject([GRANTED, DENIED, ...Array<object>(7).fill(GRANTED)]);
    expect(await ownerOf(node, 'a')).toBe('eva');
    expect(await server.command('DBSIZE')).toBe(1);
  });

  it.each([1, 2])(
    'brings back nothing that was released meanwhile (by %d requests together)',
    async (company) => {
      const node = await openUp();
      await server.command('SCRIPT', 'FLUSH');
      const acquired = Promise.all([
        acquire(node, 'a', { ownerToken: 'anna' }),
        extend(node, 'b', { ownerToken: 'anna' }),
        acquire(node, 'c', { ownerToken: 'eva' }),
      ]);
      await nextTick();
      const released = Promise.all([
        release(node, 'a', { ownerToken: 'anna' }),
        ...Array.from({ length: company - 1 }, () => release(node, 'b', { ownerToken: 'anna' })),
      ]);

      const votes = await acquired;
      await released;

      expect(votes).toMatchObject([
        { kind: 'failed', error: { code: 'NOSCRIPT' } },
        { kind: 'failed', error: { code: 'NOSCRIPT' } },
        GRANTED,
      ]);
      expect(await server.command('KEYS', '*')).toEqual(['lock:c']);
    },
  );

  it.each([
    { verb: 'acquire', handOver: acquire, company: 1 },
    { verb: 'acquire', handOver: acquire, company: 2 },
    { verb: 'extend', handOver: extend, company: 1 },
    { verb: 'extend', handOver: extend, company: 2 },
  ])(
    'brings back nothing that was handed over meanwhile (with $verb, by $company requests together)',
    async ({ handOver, company }) => {
      const node = await openUp();
      await server.command('SCRIPT', 'FLUSH');
      const acquired = Promise.all([
        acquire(node, 'a', { ownerToken: 'anna' }),
        acquire(node, 'c', { ownerToken: 'eva' }),
      ]);
      await nextTick();
      const handedOver = Promise.all([
        handOver(node, 'a', { ownerToken: 'ben', replaces: 'anna' }),
        ...Array.from({ length: company - 1 }, () => acquire(node, 'd', { ownerToken: 'ida' })),
      ]);
      await nextTick();
      const released = release(node, 'a', { ownerToken: 'ben' });

      await Promise.all([acquired, handedOver, released]);

      expect(await ownerOf(node, 'a')).toBeUndefined();
      expect(await ownerOf(node, 'c')).toBe('eva');
    },
  );
});

describe('a take-over under way to a server that forgot the script', () => {
  const FORGOTTEN = { kind: 'failed', error: { code: 'NOSCRIPT' } };

  it.each([1, 2])(
    'lets nothing of the token that it replaces be sent again (among %d requests)',
    async (company) => {
      const node = await openUp();
      await server.command('SCRIPT', 'FLUSH');
      const before = Promise.all([
        acquire(node, 'a', { ownerToken: 'anna' }),
        extend(node, 'b', { ownerToken: 'anna' }),
        extend(node, 'c', { ownerToken: 'anna', replaces: 'eva' }),
        extend(node, 'd', { ownerToken: 'eva' }),
      ]);
      await nextTick();
      const takenOver = Promise.all(
        resourcesOf(company).map((resource) =>
          extend(node, resource, { ownerToken: 'ben', replaces: 'anna' }),
        ),
      );

      const votes = await before;

      expect(votes).toMatchObject([FORGOTTEN, FORGOTTEN, FORGOTTEN, { ...DENIED, healed: true }]);
      expect(await takenOver).toEqual(resourcesOf(company).map(() => ({ ...DENIED, healed: true })));
      const keys = ['lock:d', ...resourcesOf(company).map((resource) => `lock:${resource}`)];
      expect((await server.command('KEYS', '*')) as string[]).toEqual(expect.arrayContaining(keys));
      expect(await server.command('DBSIZE')).toBe(keys.length);
    },
  );

  it.each([1, 2])(
    'is not sent again when its own token is being released (among %d requests)',
    async (company) => {
      const node = await openUp();
      await acquire(node, 'r0', { ownerToken: 'anna' });
      await server.command('SCRIPT', 'FLUSH');
      const takenOver = Promise.all(
        resourcesOf(company).map((resource) =>
          extend(node, resource, { ownerToken: 'ben', replaces: 'anna' }),
        ),
      );
      await nextTick();
      const released = release(node, 'r0', { ownerToken: 'ben' });

      const votes = await takenOver;

      expect(votes).toMatchObject(resourcesOf(company).map(() => FORGOTTEN));
      expect(await released).toMatchObject(DENIED);
      expect(await ownerOf(node, 'r0')).toBe('anna');
      expect(await server.command('DBSIZE')).toBe(1);
    },
  );

  it.each([1, 2])(
    'is in the way of the token that it replaces until it was answered, and no longer (among %d requests)',
    async (company) => {
      const node = await openUp();
      await Promise.all(
        resourcesOf(company).map((resource) =>
          extend(node, resource, { ownerToken: 'ben', replaces: 'anna' }),
        ),
      );
      await server.command('SCRIPT', 'FLUSH');

      const votes = await Promise.all(
        ['x', 'y'].map((resource) => extend(node, resource, { ownerToken: 'anna' })),
      );

      expect(votes).toEqual(votes.map(() => ({ ...DENIED, healed: true })));
    },
  );
});

describe('a batch under way', () => {
  it('when the server dies is failed as a whole, and its releases are delivered when it is back', async () => {
    const node = await openUp(proxy.url);
    await acquire(node, ['a', 'b'], { ownerToken: 'anna' });
    await proxy.setMode('drop-requests');

    const votes = Promise.all([
      acquire(node, 'c', { ownerToken: 'anna' }),
      release(node, 'a', { ownerToken: 'anna', wakeWaiters: true }),
      extend(node, 'd', { ownerToken: 'anna' }),
      release(node, 'b', { ownerToken: 'anna' }),
      extend(node, 'e', { ownerToken: 'anna', replaces: 'ben' }),
      acquire(node, 'f', { ownerToken: 'anna', replaces: 'ben' }),
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    proxy.reset();
    await proxy.setMode('pass');

    expect((await votes).map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'failed'));
    await until('the releases are delivered', async () => (await server.command('DBSIZE')) === 0);
  });

  it('that was applied, and whose reply was lost, is failed as a whole', async () => {
    const node = await openUp(proxy.url);
    await proxy.setMode('drop-replies');

    const votes = Promise.all(['a', 'b'].map((resource) => acquire(node, resource, { ownerToken: 'anna' })));
    await until('it is applied', async () => (await server.command('DBSIZE')) === 2);
    proxy.reset();

    expect((await votes).map(({ kind }) => kind)).toEqual(['failed', 'failed']);
    await proxy.setMode('pass');
  });

  it('is not sent when the node went down within its tick, nor later', async () => {
    const node = await openUp(proxy.url);
    const { redis } = (
      node as unknown as {
        connection: { client: { redis: { stream: { destroy(): void }; emit(event: string): void } } };
      }
    ).connection.client;
    const before = await commandCounts(server);

    const votes = Promise.all([
      acquire(node, 'a', { ownerToken: 'anna' }),
      acquire(node, 'b', { ownerToken: 'anna' }),
      acquire(node, ['c', 'd'], { ownerToken: 'anna' }),
    ]);
    redis.stream.destroy();
    redis.emit('close');

    expect((await votes).map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed']);
    await untilUp(node);
    expect(await commandCounts(server, before)).toEqual({});
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('that nobody can send votes for the others although one vote function throws', async () => {
    const node = await openUp();
    await node.close();
    const request = { resources: ['a'], ownerToken: 'anna', ttlMs: 60_000, askHolderTtl: false };
    node.acquire(request, () => {
      throw new Error('a mistake of the caller');
    });

    const others = await Promise.all([
      acquire(node, 'b', { ownerToken: 'anna', ttlMs: 50_000 }),
      acquire(node, ['c', 'd'], { ownerToken: 'anna' }),
    ]);

    expect(others.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
  });

  it('is answered before close ends', async () => {
    const node = await openUp();

    const votes = Promise.all(['a', 'b'].map((resource) => acquire(node, resource, { ownerToken: 'anna' })));
    await new Promise((resolve) => setImmediate(resolve));
    await node.close();

    expect(await votes).toEqual([GRANTED, GRANTED]);
  });
});

describe('a server that became a replica', () => {
  async function askReplica(count: number): Promise<number> {
    const node = await openUp(proxy.url);
    await server.command('REPLICAOF', '127.0.0.1', 1);
    const before = proxy.accepted;

    const votes = await Promise.all(
      resourcesOf(count).map((resource) => acquire(node, resource, { ownerToken: 'anna' })),
    );
    expect(votes).toMatchObject(votes.map(() => ({ kind: 'failed', error: { code: 'READONLY' } })));
    await until('it looks for the master again', () => proxy.accepted > before, 1_000);

    return count;
  }

  it('is left for the master after a lone request', async () => {
    expect(await askReplica(1)).toBe(1);
  });

  it('is left for the master after a batch', async () => {
    expect(await askReplica(2)).toBe(2);
  });

  it('is left once, however many requests it refuses at the same moment', async () => {
    const node = await openUp();
    const ended = jest.spyOn(Socket.prototype, 'end');
    // A failover that is planned stops all writes first, and so do requests pile up.
    await server.command('CLIENT', 'PAUSE', 60_000, 'WRITE');

    const votes: ReturnType<typeof acquire>[] = [];
    for (const resource of resourcesOf(20)) {
      votes.push(acquire(node, resource, { ownerToken: 'anna' }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await server.command('REPLICAOF', '127.0.0.1', 1);
    ended.mockClear();
    await server.command('CLIENT', 'UNPAUSE');
    const given = await Promise.all(votes);
    // Each end adds a listener to the connection, and Node warns of a leak when there are more than ten.
    const sockets = ended.mock.contexts;
    ended.mockRestore();

    expect(given).toMatchObject(given.map(() => ({ kind: 'failed', error: { code: 'READONLY' } })));
    expect(sockets).toHaveLength(new Set(sockets).size);
  });
});
