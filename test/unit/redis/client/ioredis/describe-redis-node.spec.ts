import { inspect } from 'node:util';
import Redis, { Cluster, type ClusterNode, type ClusterOptions, type RedisOptions } from 'ioredis';
import { LockOptionsError } from '../../../../../lib/errors/lock-options.error';
import {
  describeRedisNode,
  type RedisNodeInput,
} from '../../../../../lib/redis/client/ioredis/describe-redis-node';

const SECRET = 's3cret';

const clientWith = (options: RedisOptions) => new Redis({ ...options, lazyConnect: true });

const clusterWith = (nodes: ClusterNode[], options: ClusterOptions = {}) =>
  new Cluster(nodes, { ...options, lazyConnect: true });

function placeOf(input: RedisNodeInput) {
  const { name, address } = describeRedisNode(input);
  return { name, address };
}

describe('the name and the address of a node', () => {
  it.each<[RedisNodeInput, string, string]>([
    ['redis://a:7000', 'a:7000', 'a:7000'],
    ['redis://a', 'a:6379', 'a:6379'],
    ['redis://A.example', 'A.example:6379', 'a.example:6379'],
    ['rediss://user:s3cret@a:7000/2', 'a:7000/2', 'a:7000'],
    ['redis://a:7000/0', 'a:7000', 'a:7000'],
    ['redis://[::1]:7000', '[::1]:7000', 'localhost:7000'],
    ['redis://127.0.0.1', '127.0.0.1:6379', 'localhost:6379'],
    ['redis://a?family=6', 'a:6379', 'a:6379'],
    ['valkey://user:s3cret@a:7000/2', 'a:7000/2', 'a:7000'],
    ['redis://undefined:s3cret@a:7000', 'a:7000', 'a:7000'],
    ['redis://user:s3cret@undefined-a:7000', 'undefined-a:7000', 'undefined-a:7000'],
    ['valkeys://a', 'a:6379', 'a:6379'],
    ['redict://a', 'a:6379', 'a:6379'],
    [{ db: 1, password: () => SECRET }, 'localhost:6379/1', 'localhost:6379'],
    [{ maxRetriesPerRequest: null, enableReadyCheck: false }, 'localhost:6379', 'localhost:6379'],
    [{ port: 7000 }, 'localhost:7000', 'localhost:7000'],
    ['/run/redis.sock', '/run/redis.sock', '/run/redis.sock'],
    [{}, 'localhost:6379', 'localhost:6379'],
    [{ host: 'a', port: 7000, db: 3, password: SECRET }, 'a:7000/3', 'a:7000'],
    [{ path: '/run/redis.sock', db: 1 }, '/run/redis.sock/1', '/run/redis.sock'],
    [
      { sentinels: [{ host: 'c' }, { host: 'b', port: 1 }], name: 'mymaster', sentinelPassword: SECRET },
      'sentinel:mymaster@c:26379',
      'sentinel:mymaster@b:1,c:26379',
    ],
    [new Redis({ host: 'a', port: 7000, lazyConnect: true, password: SECRET }), 'a:7000', 'a:7000'],
    [new Redis('redis://:s3cret@a:7000/4', { lazyConnect: true }), 'a:7000/4', 'a:7000'],
    [
      new Cluster([{ host: 'b', port: 1 }, 'redis://:s3cret@a:2', 3], {
        lazyConnect: true,
        redisOptions: { password: SECRET },
      }),
      'cluster:b:1',
      'cluster:a:2,b:1,localhost:3',
    ],
  ])('of %o', (input, name, address) => {
    const place = placeOf(input);

    expect(place).toEqual({ name, address });
    expect(inspect(place)).not.toContain(SECRET);
  });
});

/** What clients of other packages have, besides `parts`. */
function clientOf(parts: object): object {
  return { sendCommand: noop, duplicate: noop, connect: noop, quit: noop, close: noop, ...parts };
}

function noop(): void {
  // Never called.
}

describe('what cannot be a node', () => {
  it.each<[unknown, RegExp]>([
    ['', /empty string/],
    ['s3cret', /redis:\/\//],
    ['http://user:s3cret@a', /redis:\/\//],
    ['a:6379', /redis:\/\//],
    ['user:s3cret@a:6379', /redis:\/\//],
    ['redis://user:s3cret@a:99999999', /cannot|can be read/],
    ['redis://user:s3cret@:1', /can be read|no host/],
    ['redis://', /no host|can be read/],
    ['redis://:s3cret@a:1,redis://:s3cret@b:1', /several URLs.*commas/],
    ['redis://a, valkeys://b', /several URLs/],
    ['redis://user:s3cret%@a', /%25/],
    ['redis://a/s3cret', /database/],
    ['redis://a?password=s3cret', /query/],
    ['redis://a?family=5', /family/],
    [null, /is null/],
    [undefined, /is undefined, as a variable of the environment is that is not set/],
    ['redis://undefined:6379', /variable of the environment that is not set/],
    ['redis://a:undefined', /variable of the environment that is not set/],
    ['redis://:s3cret@undefined', /variable of the environment that is not set/],
    ['redis://[::1]:undefined', /variable of the environment that is not set/],
    ['undefined', /variable of the environment that is not set/],
    ['undefined-host:6379', /does not begin with redis:/],
    [' redis://:s3cret@b:6379', /begins with white space .*Trim what you split/],
    ['"redis://:s3cret@b:6379"', /begins with .* a quotation mark.* without quotation marks/],
    ['"s3cret"', /does not begin with redis:/],
    [{ host: 'undefined', port: 7000 }, /`host` that is undefined or null/],
    [
      { sentinels: [{ host: undefined, port: 26_379 }], name: 'mymaster' },
      /`host` that is undefined or null/,
    ],
    ['', /an empty string, as a variable of the environment/],
    [6379, /number/],
    [true, /boolean/],
    [['redis://a'], /an array/],
    [() => 1, /function/],
    [{ url: 'redis://:s3cret@a' }, /`url`/],
    [{ socket: { host: 'a' } }, /`socket`/],
    [{ connection: { host: 'a', port: 7000 } }, /`connection`/],
    [{ hostname: 'a', port: 7000 }, /`hostname`/],
    [{ host: 'a', address: 's3cret' }, /`address`/],
    [{ host: undefined, port: 7000 }, /`host` that is undefined or null, as a variable of the environment/],
    [{ host: null }, /`host` that is undefined or null/],
    [{ s3cret: 1 }, /does not say where the server is/],
    [{ Host: 'a', Port: 7000 }, /does not say where the server is/],
    [new (class Settings {})(), /does not say where the server is/],
    [new Map([['host', 'a']]), /does not say where the server is/],
    [new URL('redis://:s3cret@a'), /is a URL object\. Give its text: `url\.href`/],
    [{ protocol: 'redis:', hostname: 'a', href: 'redis://:s3cret@a' }, /is a URL object/],
    [{ password: 7 }, /`password` of type number/],
    [{ host: 'a', tls: 's'.length }, /`tls` of type number/],
    [clientOf({ isOpen: false, options: { url: 'redis://:s3cret@a' } }), /client of the package `redis`/],
    [clientOf({ customCommand: noop }), /valkey-glide/],
    [clientOf({ send_command: noop, duplicate: noop }), /client of another package/],
    [clientOf({ multi: noop, pipeline: noop }), /client of another package/],
    [{ host: 'redis://:s3cret@a' }, /`host`/],
    [{ host: '' }, /`host`/],
    [{ host: 7 }, /`host`/],
    [{ port: 0 }, /`port`/],
    [{ port: 70_000 }, /`port`/],
    [{ port: NaN }, /`port`/],
    [{ port: 's3cret' }, /`port`/],
    [{ path: 'redis://:s3cret@a' }, /`path`/],
    [{ db: -1 }, /`db`/],
    [{ db: 1.5 }, /`db`/],
    [{ sentinels: [{ host: 'a' }] }, /`name`/],
    [{ sentinels: [], name: 'mymaster' }, /`sentinels`/],
    [{ sentinels: ['redis://:s3cret@a'], name: 'mymaster' }, /sentinel/],
    [{ sentinels: [{ host: 'redis://:s3cret@a' }], name: 'mymaster' }, /`host`/],
    [{ sentinels: [{ host: 'a' }], name: 'redis://:s3cret@a' }, /`name`/],
    [{ host: 'a', username: 'user:s3cret@a' }, /`username`/],
    [{ sentinels: [{ host: 'a' }], name: 'm', sentinelUsername: 'redis://:s3cret@a' }, /`sentinelUsername`/],
    [{ path: 'user:s3cret@a' }, /`path`/],
    [{ host: 'a', natMap: { '10.0.0.1:1': { host: 'redis://:s3cret@a', port: 1 } } }, /`natMap`/],
    [{ host: 'a', natMap: { 'redis://:s3cret@a': { host: 'a', port: 1 } } }, /`natMap`/],
    [clientWith({ host: 'redis://:s3cret@a' }), /`host`/],
    [clientWith({ host: 'user:s3cret@a' }), /`host`/],
    [clientWith({ path: 'redis://:s3cret@a' }), /`path`/],
    [clientWith({ path: 'user:s3cret@a' }), /`path`/],
    [clientWith({ db: 's3cret' as unknown as number }), /`db`/],
    [clientWith({ host: 'a', username: 'redis://:s3cret@a' }), /`username`/],
    [clientWith({ sentinels: [{ host: 'redis://:s3cret@a' }], name: 'm' }), /`host`/],
    [clientWith({ sentinels: [{ host: 'a' }], name: 'user:s3cret@a' }), /`name`/],
    [clientWith({ natMap: { a: { host: 'redis://:s3cret@a', port: 1 } } }), /`natMap`/],
    [{ host: 'a', keyPrefix: 's3cret:' }, /`keyPrefix`.*'mine:lock:'/],
    [clientWith({ host: 'a', keyPrefix: 's3cret:' }), /`keyPrefix`/],
    [clusterWith([{ host: 'a' }], { keyPrefix: 's3cret:' }), /`keyPrefix`/],
    [clusterWith([{ host: 'a' }], { redisOptions: { keyPrefix: 's3cret:' } }), /`keyPrefix`/],
    [new Redis('redis://a/s3cret', { lazyConnect: true }), /`db`/],
    [clusterWith([{ host: 'redis://:s3cret@a' }]), /`host`/],
    [clusterWith([{ host: 'a' }, { host: 'user:s3cret@a' }]), /`host`/],
    [clusterWith([{ host: 'a' }], { redisOptions: { username: 'user:s3cret@a' } }), /`username`/],
    [clusterWith([{ host: 'a' }], { natMap: { a: { host: 'redis://:s3cret@a', port: 1 } } }), /`natMap`/],
  ])('(%#) is refused with what is wrong, and nothing of the input', (input, message) => {
    let error: unknown;
    try {
      describeRedisNode(input as RedisNodeInput, 'nodes[4]');
    } catch (caught) {
      error = caught;
    }

    expect(error).toBeInstanceOf(LockOptionsError);
    expect((error as LockOptionsError).option).toBe('nodes[4]');
    expect((error as LockOptionsError).message).toMatch(message);
    expect(inspect(error, { depth: 5 })).not.toContain(SECRET);
  });
});

describe('a client of ioredis', () => {
  it('whose password is none is refused by name', () => {
    const client = new Redis({ lazyConnect: true, password: 7 as unknown as string });

    expect(() => describeRedisNode(client)).toThrow(/`password` of type number/);
  });

  it('is read once but for its credentials, whenever a connection is opened', () => {
    const client = new Redis({ lazyConnect: true, host: 'a' });
    const description = describeRedisNode(client);

    client.options.host = 'b';

    const [server] = description.open().servers();
    expect(server?.address).toBe('a:6379');
  });

  it('for a Cluster is refused with another database than 0, in which ioredis reaches no cluster', () => {
    const clusterIn = (db: unknown) =>
      new Cluster([{ host: 'b' }], { lazyConnect: true, redisOptions: { db: db as number } });

    for (const db of [3, '3']) expect(() => describeRedisNode(clusterIn(db))).toThrow(/`redisOptions\.db`/);
    // Plain JavaScript may take it from the environment, as text.
    for (const db of [0, '0', null]) expect(describeRedisNode(clusterIn(db)).name).toBe('cluster:b:6379');
  });

  it('for a Cluster is refused with a function as its password, which nobody would ask', () => {
    const redisOptions = { password: (() => SECRET) as unknown as string };
    const cluster = new Cluster([{ host: 'b' }], { lazyConnect: true, redisOptions });

    expect(() => describeRedisNode(cluster)).toThrow(/`password` that is a function/);
  });
});
