import { TURN } from '../../lib/ports/lock-mode';
import type { LockNode } from '../../lib/ports/lock-node.interface';
import { FenceCounters } from '../../lib/redis/request/fence-counters';
import { describeRedisNode, type RedisNodeInput } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, extend, ownerOf, raiseFence, release, untilUp } from '../helpers/ask-node';
import { RedisServer } from '../helpers/redis-server';
import { itTellsOfKeysOfOthers } from './foreign-keys.contract';
import { itKeepsTheContractOfLockNode } from './lock-node.contract';

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});

afterAll(async () => {
  await server.stop();
});

async function openEmpty(input: RedisNodeInput, keyPrefix?: string): Promise<RedisLockNode> {
  await server.command('FLUSHALL');
  const node = new RedisLockNode(describeRedisNode(input), { keyPrefix });
  await untilUp(node);
  return node;
}

describe('RedisLockNode', () => {
  itKeepsTheContractOfLockNode(() => openEmpty(server.url));
  itTellsOfKeysOfOthers(
    () => openEmpty(server.url),
    (...command) => server.command(...command),
  );
});

describe('RedisLockNode in database 3 with a prefix of its own', () => {
  itKeepsTheContractOfLockNode(() => openEmpty(`${server.url}/3`, 'shop:{locks}:'));
});

describe('RedisLockNode whose requests are never alone', () => {
  itKeepsTheContractOfLockNode(async () => inCompany(await openEmpty(server.url)), { lists: false });
});

/** Another request comes with each, so that all of them travel in batches. */
function inCompany(node: RedisLockNode): LockNode {
  let others = 0;
  const bringAnother = (ttlMs: number) => {
    const resources = [`company-${(others += 1)}`];
    node.acquire({ resources, ownerToken: 'company', ttlMs, askHolderTtl: false }, () => undefined);
  };
  return {
    name: node.name,
    sharing: true,
    get status() {
      return node.status;
    },
    acquire: (request, vote) => {
      node.acquire(request, vote);
      bringAnother(request.ttlMs);
    },
    extend: (request, vote) => {
      node.extend(request, vote);
      bringAnother(request.ttlMs);
    },
    release: (request, vote) => {
      node.release(request, vote);
      bringAnother(60_000);
    },
    raiseFence: (request, vote) => {
      node.raiseFence(request, vote);
    },
    leave: (request, vote) => {
      node.leave(request, vote);
      bringAnother(60_000);
    },
    inspect: (resource) => node.inspect(resource),
    onReleased: (...asked) => node.onReleased(...asked),
    onStatus: (listener) => node.onStatus(listener),
    close: () => node.close(),
  };
}

describe('RedisLockNode, on the wire', () => {
  let node: RedisLockNode;

  beforeEach(async () => {
    node = await openEmpty(server.url);
  });

  afterEach(async () => {
    await node.close();
  });

  it.each([false, true])(
    'keeps a hold as a string with an expiry, as other Redlock clients do (ttl asked: %s)',
    async (askHolderTtl) => {
      await acquire(node, 'a', { ownerToken: 'anna', askHolderTtl });

      expect(await server.command('GET', 'lock:a')).toBe('anna');
      expect(await server.command('PTTL', 'lock:a')).toBeGreaterThan(0);
      expect(await server.command('DBSIZE')).toBe(1);
    },
  );

  it('is denied by a hold of another client, which it leaves alone', async () => {
    await server.command('SET', 'lock:a', 'theirs', 'NX', 'PX', 60_000);

    expect(await acquire(node, 'a', { ownerToken: 'anna' })).toEqual({ kind: 'denied' });
    expect(await extend(node, 'a', { ownerToken: 'anna' })).toEqual({ kind: 'denied', healed: false });
    expect(await release(node, 'a', { ownerToken: 'anna' })).toEqual({ kind: 'denied' });
    expect(await ownerOf(node, 'a')).toBe('theirs');
  });

  it('says that a key without an expiry stays for ever', async () => {
    await server.command('SET', 'lock:a', 'by hand');

    expect(await acquire(node, ['a', 'b'], { ownerToken: 'anna' })).toEqual({
      kind: 'denied',
      holderTtlMs: Infinity,
      holder: 'by hand',
    });
    expect(await node.inspect('a')).toEqual({ ownerToken: 'by hand', ttlMs: Infinity });
  });

  it.each([1, 2])(
    'leaves an empty value alone: it is no hold that an extension could take over (among %d requests)',
    async (company) => {
      const resources = Array.from({ length: company }, (_, i) => `a${i}`);
      for (const resource of resources) await server.command('SET', `lock:${resource}`, '');

      const votes = await Promise.all(
        resources.map((resource) => extend(node, resource, { ownerToken: 'anna' })),
      );
      const several = await extend(node, ['b', ...resources], { ownerToken: 'anna' });

      expect([...votes, several]).toEqual(Array(company + 1).fill({ kind: 'denied', healed: false }));
      for (const resource of resources) expect(await server.command('GET', `lock:${resource}`)).toBe('');
      expect(await server.command('EXISTS', 'lock:b')).toBe(0);
    },
  );

  it('repeats no more than the beginning of a value that is not an owner token', async () => {
    await server.command('SET', 'lock:a', 'x'.repeat(100_000));

    const vote = await acquire(node, 'a', { ownerToken: 'anna', askHolderTtl: true });

    expect(vote).toEqual({ kind: 'denied', holderTtlMs: Infinity, holder: 'x'.repeat(200) });
  });

  it('treats a key of another type as somebody else’s, and leaves it alone', async () => {
    await server.command('HSET', 'lock:a', 'field', 'value');

    expect((await acquire(node, 'a', { ownerToken: 'anna' })).kind).toBe('denied');
    expect((await acquire(node, 'a', { ownerToken: 'anna', replaces: 'ben' })).kind).toBe('denied');
    expect(await acquire(node, ['a', 'b'], { ownerToken: 'anna' })).toEqual({
      kind: 'denied',
      holderTtlMs: Infinity,
    });
    expect(await extend(node, ['a', 'b'], { ownerToken: 'anna' })).toEqual({ kind: 'denied', healed: false });
    const takeOver = { ownerToken: 'anna', replaces: 'ben' };
    for (const resources of ['a', ['a', 'b']])
      expect(await extend(node, resources, takeOver)).toEqual({ kind: 'denied', healed: false });
    const ofOneTick = await Promise.all([extend(node, 'a', takeOver), extend(node, 'a', takeOver)]);
    expect(ofOneTick).toEqual(Array(2).fill({ kind: 'denied', healed: false }));
    expect(await release(node, ['a', 'b'], { ownerToken: 'anna' })).toEqual({ kind: 'denied' });
    expect(await node.inspect('a')).toEqual({ ownerToken: '', ttlMs: Infinity, foreignType: 'hash' });
    expect(await server.command('HGET', 'lock:a', 'field')).toBe('value');
    expect(await server.command('EXISTS', 'lock:b')).toBe(0);
  });

  describe('with readers and permits', () => {
    const MEMBERS_KEY = 'lock:a';
    const asReader = { ownerToken: 'anna', shared: ['a'] };
    const asHolder = { ownerToken: 'anna', limit: { limit: 3, permits: 1, start: 0 } };

    it('keeps them as members of a sorted set that expires with the last of them', async () => {
      await acquire(node, 'a', asReader);
      await acquire(node, 'a', { ...asHolder, ttlMs: 120_000 });

      const members = await server.command('ZRANGE', MEMBERS_KEY, 0, -1);
      const last = Number(await server.command('ZSCORE', MEMBERS_KEY, '0|anna'));
      expect(members).toEqual(['|anna', '0|anna']);
      expect(await server.command('PEXPIRETIME', MEMBERS_KEY)).toBe(last);
      await release(node, 'a', { ownerToken: 'anna', slots: [0] });
      expect(await server.command('PEXPIRETIME', MEMBERS_KEY)).toBe(
        Number(await server.command('ZSCORE', MEMBERS_KEY, '|anna')),
      );
      await release(node, 'a', asReader);
      expect(await server.command('DBSIZE')).toBe(0);
    });

    it('is denied by a hold of another client, and denies it', async () => {
      await acquire(node, 'a', asReader);
      const denied = await server.command('SET', MEMBERS_KEY, 'theirs', 'NX', 'PX', 60_000);
      await release(node, 'a', asReader);
      await server.command('SET', MEMBERS_KEY, 'theirs', 'NX', 'PX', 60_000);

      expect(denied).toBeNull();
      expect(await acquire(node, 'a', asReader)).toMatchObject({
        kind: 'denied',
        by: 'held',
        holder: 'theirs',
      });
      expect(await acquire(node, 'a', asHolder)).toMatchObject({ kind: 'denied', by: 'held' });
    });

    it.each<[string, string[]]>([
      ['a set without an expiry', ['ZADD', MEMBERS_KEY, '1', 'theirs', '9999999999999', '|anna']],
      ['a hash', ['HSET', MEMBERS_KEY, 'field', 'value']],
      ['a list', ['RPUSH', MEMBERS_KEY, 'x']],
    ])('leaves alone what another program has there: %s', async (_, [command = '', ...args]) => {
      await server.command(command, ...args);
      const before = await server.command('DUMP', MEMBERS_KEY);

      for (const request of [asReader, asHolder, { ownerToken: 'anna', line: { id: 'me', entryMs: 1_000 } }])
        expect(await acquire(node, 'a', request)).toMatchObject({
          kind: 'denied',
          by: 'held',
          holderTtlMs: Infinity,
        });
      expect(await acquire(node, 'a', { ownerToken: 'anna', askHolderTtl: true })).toEqual({
        kind: 'denied',
        holderTtlMs: Infinity,
      });
      expect((await extend(node, 'a', asReader)).kind).toBe('denied');
      expect((await release(node, 'a', asReader)).kind).toBe('denied');
      expect(await server.command('DUMP', MEMBERS_KEY)).toEqual(before);
    });

    it('leaves alone a set that expires at another time than its last member', async () => {
      await server.command('ZADD', MEMBERS_KEY, 1, 'low', 2, 'high');
      await server.command('PEXPIRE', MEMBERS_KEY, 60_000);

      expect(await acquire(node, 'a', asReader)).toMatchObject({ kind: 'denied', by: 'held' });
      expect(await extend(node, 'a', asReader)).toEqual({ kind: 'denied', healed: false });
      expect((await release(node, 'a', { ownerToken: 'low', slots: 'all' })).kind).toBe('denied');
      expect(await server.command('ZRANGE', MEMBERS_KEY, 0, -1)).toEqual(['low', 'high']);
    });

    const inLine = { ownerToken: 'anna', line: { id: 'me', entryMs: 1_000 } };

    /** Members that end so many milliseconds from now. The set expires then too, or `ttlMs` from now. */
    async function keepMembers(members: [number, string][], ttlMs?: number): Promise<number> {
      const nowMs = Date.now();
      await server.command('ZADD', MEMBERS_KEY, ...members.flatMap(([ms, name]) => [nowMs + ms, name]));
      const atMs = nowMs + (ttlMs ?? Math.max(...members.map(([ms]) => ms)));
      await server.command('PEXPIREAT', MEMBERS_KEY, atMs);
      return atMs;
    }

    // With MIGRATE a key arrives with the time that it has left. The scores of its members are by the clock of its old server.
    it('keeps a reader whose slot came from a server with a slower clock for as long as its key', async () => {
      const endsAtMs = await keepMembers([[-100, '|ben']], 800);

      const denied = await acquire(node, 'a', inLine);

      expect(denied).toMatchObject({ kind: 'denied', by: 'shared' });
      expect(Number(await server.command('ZSCORE', MEMBERS_KEY, '|ben'))).toBe(endsAtMs);
    });

    it('keeps a reader beside one whose slot came from a server with a faster clock', async () => {
      await keepMembers(
        [
          [60_400, '|ben'],
          [30_400, '|carl'],
        ],
        60_000,
      );

      await acquire(node, 'a', { ...asReader, ttlMs: 60_200 });

      const ends = Number(await server.command('ZSCORE', MEMBERS_KEY, `|${asReader.ownerToken}`));
      expect(await server.command('PEXPIRETIME', MEMBERS_KEY)).toBe(ends);
      const [bens, carls] = await Promise.all(
        ['|ben', '|carl'].map((name) => server.command('ZSCORE', MEMBERS_KEY, name)),
      );
      expect(Number(bens) - Number(carls)).toBe(30_000);
      expect(Number(bens)).toBeLessThan(ends);
    });

    const many = (count: number, ms: number, name: (i: number) => string) =>
      Array.from({ length: count }, (_, i): [number, string] => [ms, name(i)]);
    const TIMES_OF_USE: [number, string][] = [
      [0, 'id1'],
      [-5, 'id2'],
    ];

    it.each<[string, number, [number, string][]]>([
      ['times of use', 950, TIMES_OF_USE],
      [
        'leases',
        60_000,
        [
          [60_000, 'id1'],
          [30_000, 'id2'],
        ],
      ],
      [
        'one among ours',
        60_000,
        [...many(40, 20_000, (i) => `|r${i}`), [30_000, 'id1'], ...many(23, 60_000, (i) => `${i}|p`)],
      ],
      ['one after many of ours', 60_000, [...many(300, 20_000, (i) => `|r${i}`), [60_000, 'id1']]],
      [
        'one that is over, before many of ours',
        60_000,
        [[-500, 'id1'], ...many(300, 60_000, (i) => `|r${i}`)],
      ],
      [
        'one that is over, among many of ours',
        60_000,
        [...many(200, -900, (i) => `|r${i}`), [-500, 'id1'], ...many(200, 60_000, (i) => `|s${i}`)],
      ],
    ])(
      'leaves alone a set that expires as ours do, and has members of another program: %s',
      async (name, ttlMs, set) => {
        const expiresAtMs = await keepMembers(set, ttlMs);
        const before = await server.command('ZRANGE', MEMBERS_KEY, 0, -1);

        for (const request of [asReader, asHolder, inLine])
          expect(await acquire(node, 'a', request)).toMatchObject({ kind: 'denied', by: 'held' });
        for (const request of [{ askHolderTtl: true }, { replaces: 'ben' }]) {
          const denied = await acquire(node, 'a', { ownerToken: 'anna', ...request });
          expect(denied.kind).toBe('denied');
          // Where readers are at both ends, they are in the way of a writer too.
          if (name !== 'one that is over, among many of ours') expect(denied).not.toHaveProperty('by');
        }
        const replaces = { ownerToken: 'r0', replaces: 'r1', shared: ['a'] };
        for (const request of [asReader, { ownerToken: 'p1', slots: [1] }, replaces])
          expect(await extend(node, 'a', request)).toEqual({ kind: 'denied', healed: false });
        expect((await release(node, 'a', asReader)).kind).toBe('denied');
        expect(await server.command('ZRANGE', MEMBERS_KEY, 0, -1)).toEqual(before);
        expect(await server.command('PEXPIRETIME', MEMBERS_KEY)).toBe(expiresAtMs);
      },
    );

    it('counts no permits where another program is anywhere among many of them', async () => {
      await keepMembers([
        ...many(150, 60_000, (i) => `${i}|p`),
        [60_001, 'id1'],
        ...many(150, 60_002, (i) => `${i + 150}|p`),
      ]);

      const asked = { ownerToken: 'anna', limit: { limit: 1_000, permits: 1, start: 0 } };
      expect(await acquire(node, 'a', asked)).toMatchObject({ kind: 'denied', by: 'held' });
      expect(await extend(node, 'a', { ownerToken: 'anna', slots: [400] })).toEqual({
        kind: 'denied',
        healed: false,
      });
    });

    it.each<[string, object]>([
      ['a reader', { shared: ['a'] }],
      ['a permit', { slots: [0] }],
      ['all permits of a token', { slots: 'all' }],
    ])('takes %s away from beside a member of another program, and nothing else', async (name, what) => {
      const holder = { ...(name === 'a reader' ? asReader : asHolder), ownerToken: 'anna' };
      await acquire(node, 'a', { ...holder, ttlMs: 60_000 });
      await acquire(node, 'a', {
        ownerToken: 'ben',
        limit: { limit: 3, permits: 1, start: 1 },
        ttlMs: 60_000,
      });
      await server.command('ZADD', MEMBERS_KEY, 1, 'id1');
      const expiry = await server.command('PEXPIRETIME', MEMBERS_KEY);

      expect(await release(node, 'a', { ownerToken: 'anna', ...what })).toEqual({ kind: 'granted' });

      expect(await server.command('ZRANGE', MEMBERS_KEY, 0, -1)).toEqual(['id1', '1|ben']);
      expect(await server.command('PEXPIRETIME', MEMBERS_KEY)).toBe(expiry);
    });

    it('takes no value for what is kept for those who wait that stays for ever', async () => {
      await server.command('SET', MEMBERS_KEY, TURN);

      for (const request of [asReader, asHolder, inLine, { ownerToken: 'anna', askHolderTtl: true }])
        expect(await acquire(node, 'a', request)).toMatchObject({ kind: 'denied', holderTtlMs: Infinity });
      expect(await server.command('GET', MEMBERS_KEY)).toBe(TURN);
    });

    it('grants nothing on a server without memory, and releases what it has', async () => {
      await acquire(node, 'b', { ownerToken: 'anna', shared: ['b'] });
      await server.command('CONFIG', 'SET', 'maxmemory', '1');
      try {
        for (const request of [asReader, asHolder])
          expect(await acquire(node, 'a', request)).toMatchObject({ kind: 'failed', error: { code: 'OOM' } });
        const given = await release(node, 'b', { ownerToken: 'anna', shared: ['b'], turnMs: 1_000 });
        expect(given).toEqual({ kind: 'granted' });
      } finally {
        await server.command('CONFIG', 'SET', 'maxmemory', '0');
      }
      expect(await server.command('DBSIZE')).toBe(0);
    });

    it('goes on with a server that has forgotten the scripts', async () => {
      const forget = () => server.command('SCRIPT', 'FLUSH');

      await forget();
      const acquired = await acquire(node, 'a', asReader);
      await forget();
      const extended = await extend(node, 'a', asReader);
      await forget();
      const released = await release(node, 'a', asReader);

      expect([acquired, extended, released]).toEqual(Array(3).fill({ kind: 'granted' }));
    });

    it('keeps a line beside the key, which ends a while after its last change', async () => {
      await acquire(node, 'a', { ownerToken: 'eva' });
      const line = { id: 'me', ticket: 1_790_000_000_000_000, entryMs: 1_000 };

      await acquire(node, 'a', { ...asReader, line });

      const who = 'line:who:{lock:a}';
      expect(await server.command('ZRANGE', who, 0, -1)).toEqual(['me s']);
      expect(Number(await server.command('ZSCORE', who, 'me s'))).toBe(line.ticket);
      for (const key of [who, 'line:seen:{lock:a}']) {
        expect(await server.command('PTTL', key)).toBeGreaterThan(1_000);
        expect(await server.command('PTTL', key)).toBeLessThanOrEqual(2_000);
      }
      // One of both is lost: nobody waits for ever for those who cannot be told dead.
      await server.command('DEL', 'line:seen:{lock:a}');
      await release(node, 'a', { ownerToken: 'eva' });
      expect(
        (await acquire(node, 'a', { ownerToken: 'ida', line: { id: 'other', entryMs: 1_000 } })).kind,
      ).toBe('granted');
      expect(await server.command('EXISTS', who)).toBe(0);
    });
  });

  it('grants nothing on a server without memory, and leaves nothing half done', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      const one = await acquire(node, 'a', { ownerToken: 'anna' });
      const several = await acquire(node, ['a', 'b'], { ownerToken: 'anna' });

      expect(one).toMatchObject({ kind: 'failed', error: { code: 'OOM' } });
      expect(several).toMatchObject({ kind: 'failed', error: { code: 'OOM' } });
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('takes over nothing on a server without memory, and leaves nothing half done', async () => {
    await acquire(node, ['a', 'b'], { ownerToken: 'anna' });
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      const one = await extend(node, 'a', { ownerToken: 'ben', replaces: 'anna' });
      const several = await extend(node, ['a', 'b', 'c'], { ownerToken: 'ben', replaces: 'anna' });

      expect(one).toMatchObject({ kind: 'failed', error: { code: 'OOM' } });
      expect(several).toMatchObject({ kind: 'failed', error: { code: 'OOM' } });
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    expect(await ownerOf(node, 'a')).toBe('anna');
    expect(await ownerOf(node, 'b')).toBe('anna');
    expect(await server.command('DBSIZE')).toBe(2);
  });

  describe('for fencing', () => {
    const fence = () => ({ proposal: Date.now() * 1_000, skewMicros: 1_000_000, keepMs: 60_000 });

    const counters = new FenceCounters('lock:');

    it('keeps a counter beside the hold, as text with all its digits and an expiry', async () => {
      const { proposal, ...rest } = fence();

      await acquire(node, 'a', { ownerToken: 'anna', fence: { proposal, ...rest } });
      await Promise.all([
        acquire(node, 'b', { ownerToken: 'anna', fence: { proposal: proposal - 1_500_000, ...rest } }),
        acquire(node, 'c', { ownerToken: 'anna' }),
      ]);

      expect(await server.command('GET', counters.of('lock:a'))).toBe(String(proposal));
      expect(await server.command('GET', counters.of('lock:b'))).toMatch(/^\d{16}$/);
      for (const counter of [counters.of('lock:a'), counters.of('lock:b')]) {
        expect(await server.command('PTTL', counter)).toBeGreaterThan(30_000);
        expect(await server.command('PTTL', counter)).toBeLessThanOrEqual(60_000);
      }
      expect(await server.command('DBSIZE')).toBe(5);
    });

    it('lets resources share counters, which do not grow with their names', async () => {
      const names = Array.from({ length: 2_000 }, (_, i) => `${'long'.repeat(100)}${i}`);

      await Promise.all(
        names.map((name) => acquire(node, name, { ownerToken: 'anna', fence: fence(), ttlMs: 1 })),
      );
      await acquire(node, 'a', { ownerToken: 'anna', fence: fence() });

      const keys = (await server.command('KEYS', 'lock:#fence:*')) as string[];
      expect(keys.length).toBeLessThan(names.length);
      expect(keys.every((key) => /^lock:#fence:\d{1,6}$/.test(key))).toBe(true);
    });

    it('never shortens the life of a counter, which others may keep for longer', async () => {
      const counter = counters.of('lock:a');
      await acquire(node, 'a', { ownerToken: 'anna', fence: fence() });
      await release(node, 'a', { ownerToken: 'anna' });

      await acquire(node, 'a', { ownerToken: 'ben', fence: { ...fence(), keepMs: 5 } });
      expect(await server.command('PTTL', counter)).toBeGreaterThan(30_000);
      await raiseFence(node, 'a', { ownerToken: 'ben', fence: fence().proposal + 900_000, keepMs: 5 });
      expect(await server.command('PTTL', counter)).toBeGreaterThan(30_000);
      await Promise.all([
        acquire(node, 'a', { ownerToken: 'eva', replaces: 'ben', fence: { ...fence(), keepMs: 5 } }),
        acquire(node, 'b', { ownerToken: 'eva' }),
      ]);

      expect(await server.command('PTTL', counter)).toBeGreaterThan(30_000);
    });

    it.each<[string, string[]]>([
      ['of another type', ['RPUSH', counters.of('lock:broken'), 'x']],
      ['no number', ['SET', counters.of('lock:broken'), 'x']],
    ])('fails alone when its counter is %s, and grants nothing', async (_, [command = '', ...args]) => {
      await server.command(command, ...args);

      const alone = await acquire(node, 'broken', { ownerToken: 'anna', fence: fence() });
      const several = await acquire(node, ['broken', 'whole'], { ownerToken: 'anna', fence: fence() });
      const [before, broken, replacing, behind] = await Promise.all([
        acquire(node, 'a', { ownerToken: 'anna', fence: fence() }),
        acquire(node, 'broken', { ownerToken: 'anna', fence: fence() }),
        acquire(node, 'broken', { ownerToken: 'anna', fence: fence(), replaces: 'ben' }),
        acquire(node, 'b', { ownerToken: 'anna', fence: fence() }),
      ]);

      expect([alone.kind, several.kind, broken.kind, replacing.kind]).toEqual(Array(4).fill('failed'));
      expect([before.kind, behind.kind]).toEqual(['granted', 'granted']);
      expect(await ownerOf(node, 'broken')).toBeUndefined();
      expect(await ownerOf(node, 'whole')).toBeUndefined();
      expect(await server.command('TTL', counters.of('lock:broken'))).toBe(-1);
      // It is still one for those who need no number.
      expect(await acquire(node, 'broken', { ownerToken: 'anna' })).toEqual({ kind: 'granted' });
      const raised = await raiseFence(node, 'broken', { ownerToken: 'anna', fence: 1 });
      expect(raised.kind).toBe('failed');
    });

    it('numbers nothing on a server without memory', async () => {
      await server.command('CONFIG', 'SET', 'maxmemory', '1');
      try {
        const one = await acquire(node, 'a', { ownerToken: 'anna', fence: fence() });
        const several = await Promise.all(
          ['a', 'b'].map((resource) => acquire(node, resource, { ownerToken: 'anna', fence: fence() })),
        );

        for (const vote of [one, ...several])
          expect(vote).toMatchObject({ kind: 'failed', error: { code: 'OOM' } });
      } finally {
        await server.command('CONFIG', 'SET', 'maxmemory', '0');
      }
      expect(await server.command('DBSIZE')).toBe(0);
    });

    it('numbers as ever on a server that has forgotten the scripts', async () => {
      const { proposal, ...rest } = fence();
      const request = (ownerToken: string) => ({ ownerToken, fence: { proposal, ...rest } });
      const forget = () => server.command('SCRIPT', 'FLUSH');

      await forget();
      const one = await acquire(node, 'a', request('anna'));
      await forget();
      const raised = await raiseFence(node, 'a', { ownerToken: 'anna', fence: proposal + 5 });
      await forget();
      const [replacing, other] = await Promise.all([
        acquire(node, 'a', { ...request('ben'), replaces: 'anna' }),
        acquire(node, 'b', request('ben')),
      ]);

      expect([one, raised, replacing, other]).toEqual([
        { kind: 'granted', fence: proposal },
        { kind: 'granted' },
        { kind: 'granted', replaced: true, fence: proposal + 6 },
        { kind: 'granted', fence: proposal },
      ]);
    });
  });
});
