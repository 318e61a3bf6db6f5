import { Redis } from 'ioredis';
import { fencedDelete, fencedGet, fencedSet, RedisFenceStore, StaleFenceError } from '../../../lib/fencing';
import { RedisServer } from '../../helpers/redis-server';

const lockOf = (fencingToken: number, ownerToken = `owner-${fencingToken}`) => ({
  resources: ['cart:7'],
  ownerToken,
  fencingToken,
});
const first = lockOf(1_790_000_000_000_001);
const second = lockOf(1_790_000_000_000_002);
const twin = lockOf(second.fencingToken, 'another');

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await RedisServer.start();
});

afterAll(async () => {
  await server.stop();
});

describe.each(['', 'shop:'])('a fenced value in Redis, by a client with the key prefix %j', (keyPrefix) => {
  beforeEach(async () => {
    redis = new Redis(server.url, { keyPrefix });
    await redis.flushall();
  });

  afterEach(() => {
    redis.disconnect();
  });

  it('is written by holders in their order, and by none that is late', async () => {
    await fencedSet(redis, 'cart:7', 'one', first);
    await fencedSet(redis, 'cart:7', 'more', first);
    await fencedSet(redis, 'cart:7', 'two', second);

    const late = fencedSet(redis, 'cart:7', 'late', first);

    await expect(late).rejects.toThrow(StaleFenceError);
    await expect(late).rejects.toMatchObject({
      token: first.fencingToken,
      newerToken: second.fencingToken,
      resources: ['cart:7'],
    });
    expect(await redis.get('cart:7')).toBe('two');
  });

  it('takes an equal token from the same owner only', async () => {
    await fencedSet(redis, 'cart:7', 'two', second);

    await expect(fencedSet(redis, 'cart:7', 'twin', twin)).rejects.toThrow(StaleFenceError);
    await expect(fencedGet(redis, 'cart:7', twin)).rejects.toThrow(StaleFenceError);

    expect(await fencedGet(redis, 'cart:7', second)).toBe('two');
  });

  it('keeps earlier holders out from when a later one has read it', async () => {
    await fencedSet(redis, 'cart:7', 'one', first);

    expect(await fencedGet(redis, 'cart:7', second)).toBe('one');

    await expect(fencedSet(redis, 'cart:7', 'late', first)).rejects.toThrow(StaleFenceError);
    await expect(fencedGet(redis, 'cart:7', first)).rejects.toThrow(StaleFenceError);
    expect(await redis.get('cart:7')).toBe('one');
  });

  it('is not brought back by an earlier holder after it was deleted', async () => {
    await fencedSet(redis, 'cart:7', 'one', first);

    expect(await fencedDelete(redis, 'cart:7', second)).toBe(true);
    expect(await fencedDelete(redis, 'cart:7', second)).toBe(false);

    await expect(fencedSet(redis, 'cart:7', 'late', first)).rejects.toThrow(StaleFenceError);
    expect(await redis.exists('cart:7')).toBe(0);
  });

  it('has a fence for as long as it lasts, and for a day at least', async () => {
    await fencedSet(redis, 'for-ever', 'x', first);
    await fencedSet(redis, 'short', 'x', first, { ttl: 60_000 });
    await fencedSet(redis, 'long', 'x', first, { ttl: 200_000_000 });
    await fencedSet(redis, 'both-short', 'x', first, { ttl: 60_000, keepFence: 70_000 });
    const ttlOf = (key: string) => redis.pttl(`fenced:{${keyPrefix}${key}}`);

    expect(await redis.pttl('for-ever')).toBe(-1);
    expect(await ttlOf('for-ever')).toBe(-1);
    expect(await redis.pttl('short')).toBeLessThanOrEqual(60_000);
    expect(await ttlOf('short')).toBeGreaterThan(60_000_000);
    expect(await ttlOf('long')).toBeGreaterThan(100_000_000);
    expect(await ttlOf('both-short')).toBeLessThanOrEqual(70_000);
    await fencedDelete(redis, 'for-ever', first);
    expect(await ttlOf('for-ever')).toBeGreaterThan(60_000_000);
    await fencedSet(redis, 'short', 'now for ever', first);
    expect(await ttlOf('short')).toBe(-1);
  });

  it('changes nothing of a key that is no string, but by a write', async () => {
    await redis.rpush('cart:7', 'a');

    await expect(fencedGet(redis, 'cart:7', second)).rejects.toThrow('WRONGTYPE');

    expect(await redis.exists(`fenced:{${keyPrefix}cart:7}`)).toBe(0);
  });

  it('asks once where it is refused', async () => {
    await fencedSet(redis, 'known', 'script', first);
    await redis.rpush('cart:7', 'a');
    const asking = jest.spyOn(redis, 'eval');

    await expect(fencedGet(redis, 'cart:7', second)).rejects.toThrow('WRONGTYPE');

    expect(asking).not.toHaveBeenCalled();
  });

  it('works on a server that has forgotten the script', async () => {
    await fencedSet(redis, 'cart:7', 'one', first);
    await redis.script('FLUSH');

    expect(await fencedGet(redis, 'cart:7', first)).toBe('one');
  });

  it.each([{ ttl: 0 }, { ttl: 1.5 }, { ttl: NaN }, { keepFence: 0 }, { keepFence: Infinity }])(
    'refuses %p before anything is sent',
    async (options) => {
      await expect(fencedSet(redis, 'cart:7', 'x', first, options)).rejects.toMatchObject({
        code: 'LOCK_OPTIONS_INVALID',
        option: Object.keys(options)[0],
      });
      expect(await redis.dbsize()).toBe(0);
    },
  );

  it('is compared in one step: of many at once the last one stays', async () => {
    const tokens = Array.from({ length: 50 }, (_, i) => first.fencingToken + ((i * 37) % 50));

    await Promise.allSettled(tokens.map((token) => fencedSet(redis, 'cart:7', token, lockOf(token))));

    expect(await redis.get('cart:7')).toBe(String(Math.max(...tokens)));
  });
});

describe('RedisFenceStore', () => {
  const clients: Redis[] = [];
  const connect = () => {
    const client = new Redis(server.url);
    clients.push(client);
    return client;
  };
  const fence = (token: number, owner = 'anna') => ({ token, owner });

  beforeEach(() => server.command('FLUSHALL'));

  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });

  it('is one store for all processes', async () => {
    const [one, other] = [connect(), connect()].map(
      (client) => new RedisFenceStore(client, { keep: 60_000 }),
    );

    const taken = [
      await one?.accept('order:7', fence(5)),
      await other?.accept('order:7', fence(5)),
      await other?.accept('order:7', fence(5, 'ben')),
      await other?.accept('order:7', fence(6, 'ben')),
      await one?.accept('order:7', fence(5)),
      await one?.accept('order:8', fence(5)),
    ];

    expect(taken).toEqual([true, true, false, true, false, true]);
  });

  it('keeps nothing but fences that expire, below its prefix', async () => {
    const redis = connect();
    // Somebody's data, of any kind and without an end: no matter of a store.
    await redis.hset('own:order:7', 'state', 'paid');

    await new RedisFenceStore(redis).accept('order:7', fence(5));
    const taken = await new RedisFenceStore(redis, { keyPrefix: 'own:', keep: 60_000 }).accept(
      'order:7',
      fence(4),
    );

    expect(taken).toBe(true);
    expect((await redis.keys('*')).sort()).toEqual([
      ...['fenced:{fences:order:7}', 'fenced:{own:order:7}', 'own:order:7'],
    ]);
    expect(await redis.pttl('fenced:{fences:order:7}')).toBeGreaterThan(86_000_000);
    const keptMs = await redis.pttl('fenced:{own:order:7}');
    expect(keptMs).toBeGreaterThan(0);
    expect(keptMs).toBeLessThanOrEqual(60_000);
  });

  it.each([0, 1.5, NaN, Infinity])('refuses to keep for %p', (keep) => {
    expect(() => new RedisFenceStore(connect(), { keep })).toThrow(
      expect.objectContaining({ code: 'LOCK_OPTIONS_INVALID', option: 'keep' }) as Error,
    );
  });
});
