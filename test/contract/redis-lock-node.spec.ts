import { describeRedisNode, type RedisNodeInput } from '../../lib/redis/redis-connections';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, extend, ownerOf, release, untilUp } from '../helpers/ask-node';
import { RedisServer } from '../helpers/redis-server';
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
});

describe('RedisLockNode in database 3 with a prefix of its own', () => {
  itKeepsTheContractOfLockNode(() => openEmpty(`${server.url}/3`, 'shop:{locks}:'));
});

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
    });
    expect(await node.inspect('a')).toEqual({ ownerToken: 'by hand', ttlMs: Infinity });
  });

  it('treats a key of another type as somebody else’s, and leaves it alone', async () => {
    await server.command('HSET', 'lock:a', 'field', 'value');

    expect((await acquire(node, 'a', { ownerToken: 'anna' })).kind).toBe('denied');
    expect((await acquire(node, ['a', 'b'], { ownerToken: 'anna' })).kind).toBe('denied');
    expect(await extend(node, ['a', 'b'], { ownerToken: 'anna' })).toEqual({ kind: 'denied', healed: false });
    expect(await release(node, ['a', 'b'], { ownerToken: 'anna' })).toEqual({ kind: 'denied' });
    await expect(node.inspect('a')).rejects.toThrow('WRONGTYPE');
    expect(await server.command('HGET', 'lock:a', 'field')).toBe('value');
    expect(await server.command('EXISTS', 'lock:b')).toBe(0);
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
});
