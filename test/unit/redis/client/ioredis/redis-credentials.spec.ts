import { inspect } from 'node:util';
import type { RedisOptions } from 'ioredis';
import {
  checkCredentials,
  type GivenCredentials,
  RedisCredentials,
} from '../../../../../lib/redis/client/ioredis/redis-credentials';
import { RedisNodeError } from '../../../../../lib/redis/client/redis-node-error';

async function refreshed(given: GivenCredentials): Promise<RedisOptions> {
  const target: RedisOptions = {};
  await new RedisCredentials(given).refresh(target);
  return target;
}

describe('the credentials of a connection', () => {
  it('are what the given object says at that moment', async () => {
    const given = { username: 'app', password: 'one' as string | null };
    const credentials = new RedisCredentials(given);
    const target: RedisOptions = {};

    given.password = 'two';
    await credentials.refresh(target);

    expect(target).toMatchObject({ username: 'app', password: 'two' });
  });

  it('are there at once where nothing has to be waited for', () => {
    const target: RedisOptions = {};

    const waiting = new RedisCredentials({ password: () => 'two' }).refresh(target);

    expect([waiting, target.password]).toEqual([undefined, 'two']);
  });

  it.each(['username', 'password', 'sentinelUsername', 'sentinelPassword'] as const)(
    'have a %s that a function tells, now or later, or that there is none',
    async (name) => {
      expect(await refreshed({ [name]: () => 'now' })).toMatchObject({ [name]: 'now' });
      expect(await refreshed({ [name]: () => Promise.resolve('later') })).toMatchObject({ [name]: 'later' });
      expect(await refreshed({ [name]: () => undefined })).toMatchObject({ [name]: undefined });
    },
  );

  it.each(['tls', 'sentinelTLS'] as const)('have %s options that a function returns', async (name) => {
    const options = { cert: 'today' };

    expect(await refreshed({ [name]: () => options })).toMatchObject({ [name]: options });
    expect(await refreshed({ [name]: () => Promise.resolve(options) })).toMatchObject({ [name]: options });
  });

  it.each<[GivenCredentials, RegExp]>([
    [{ password: () => 7 }, /`password`.*number.*string/],
    [{ username: () => Promise.resolve({}) }, /`username`.*object.*string/],
    [{ tls: () => undefined }, /`tls`.*undefined.*TLS/],
    [{ tls: () => 'RedisCloudFixed' }, /`tls`.*string/],
    [{ sentinelTLS: () => Promise.resolve([]) }, /`sentinelTLS`.*array/],
    [{ password: () => Promise.reject(new Error('the vault is sealed')) }, /`password`.*the vault is sealed/],
    [{ password: 's3cret', tls: throwing('s3cret is wrong') }, /`tls`.*\*\*\* is wrong/],
  ])('that cannot be had say why: %o', async (given, message) => {
    const told: unknown = await refreshed(given).catch((error: unknown) => error);

    expect(told).toBeInstanceOf(RedisNodeError);
    expect((told as Error).message).toMatch(message);
    expect(inspect(told)).not.toContain('s3cret');
  });

  it('leave no rejection unhandled when several of them fail', async () => {
    const unhandled: unknown[] = [];
    process.on('unhandledRejection', (error) => unhandled.push(error));

    await refreshed({
      username: () => Promise.reject(new Error('one')),
      password: throwing('two'),
      tls: () => Promise.reject(new Error('three')),
    }).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));

    expect(unhandled).toEqual([]);
  });

  it('tell what must not be shown: what was given, and each that was told since', async () => {
    let told = 0;
    const credentials = new RedisCredentials(
      { password: () => `token-${(told += 1)}`, sentinelPassword: 'sentinel' },
      [{ password: 'of another server' }],
    );
    await credentials.refresh({});
    await credentials.refresh({});

    expect(credentials.secrets).toEqual(['of another server', 'sentinel', 'token-1', 'token-2']);
    for (let times = 0; times < 1_000; times += 1) await credentials.refresh({});
    expect(credentials.secrets.length).toBeLessThan(100);
    expect(credentials.secrets).toContain('token-1002');
  });
});

describe('the options of a server in a cluster', () => {
  it('read what is so at that moment, whenever a connection is made of them', () => {
    const given = { password: 'one' };
    const credentials = new RedisCredentials(given);
    const target: RedisOptions = { password: 'one' };
    credentials.link(target);

    given.password = 'two';

    expect([target.password, { ...target }.password]).toEqual(['two', 'two']);
    expect(credentials.secrets).toContain('two');
  });

  it('keep credentials of their own', () => {
    const given = { password: 'one' };
    const target: RedisOptions = { password: 'their own' };
    new RedisCredentials(given).link(target);

    given.password = 'two';

    expect(target.password).toBe('their own');
  });
});

describe('credentials that are given', () => {
  it.each<[GivenCredentials, boolean, RegExp]>([
    [{ password: 7 }, true, /`password` of type number/],
    [{ username: {} }, true, /`username` of type object/],
    [{ sentinelPassword: ['x'] }, true, /`sentinelPassword` of type array/],
    [{ tls: 1 }, true, /`tls` of type number/],
    [{ tls: [] }, true, /`tls` of type array/],
    [{ password: () => 's3cret' }, false, /`password` that is a function.*Cluster/],
  ])('%o are refused by name', (given, mayBeAsked, message) => {
    const refuse = (told: string): never => {
      throw new Error(told);
    };

    expect(() => {
      checkCredentials(given, refuse, mayBeAsked);
    }).toThrow(message);
  });
});

function throwing(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}
