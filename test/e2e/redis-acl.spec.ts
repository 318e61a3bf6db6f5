import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import {
  createLockService,
  LockError,
  type Lock,
  type LockOptions,
  type LockService,
  type RedlockOptions,
} from '../../lib';
import { aclLine } from '../../lib/cli/doctor/node-findings';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { ACQUIRE } from '../../lib/redis/script/lua-scripts';
import { acquire, extend, leave, release, untilUp } from '../helpers/ask-node';
import { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';

/** Short, since some waiters can only wait for it to end. */
const TTL_MS = 2_000;
const AT_ONCE = 16;
const RIGHTS = aclLine('lock:').split(' ').slice(3);

let server: RedisServer;
let admin: Redis;
let listener: Redis;
const heard = new Map<string, string>();

beforeAll(async () => {
  // ioredis tells that a server refuses INFO, which some of them do here.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  server = await RedisServer.start({ args: ['--acllog-max-len', '10000'] });
  admin = new Redis(`${server.url}/1`);
  listener = new Redis(server.url);
  listener.on('pmessage', (_pattern: string, channel: string, message: string) =>
    heard.set(channel, message),
  );
  // NUMSUB does not count patterns, so nobody takes this one for a waiter.
  await listener.psubscribe('*');
});

afterAll(async () => {
  jest.restoreAllMocks();
  admin.disconnect();
  listener.disconnect();
  await server.stop();
});

/** What somebody with these rights can do; each of it `ok`, or what came of it. */
type Abilities = Record<(typeof ABILITIES)[number], string>;
const ABILITIES = [
  ...([
    'up',
    'guard',
    'lock',
    'exclude',
    'extend',
    'release',
    'batch',
    'several',
    'fencing',
    'sharing',
  ] as const),
  ...(['handOver', 'inspect', 'forceRelease', 'listen', 'tell', 'stopListening', 'wait'] as const),
];
const ALL = Object.fromEntries(ABILITIES.map((name) => [name, 'ok'])) as Abilities;
const NOTHING = Object.fromEntries(ABILITIES.map((name) => [name, 'LOCK_UNAVAILABLE'])) as Abilities;

async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    const result = await work();
    if (result === null) return 'denied';
    return typeof result === 'string' ? result : 'ok';
  } catch (error) {
    if (error instanceof LockError) return error.code;
    throw error;
  }
}

/** A user of Redis with some rights, and two processes of an application with a third that trusts nobody. */
class Somebody {
  private readonly a: LockService;
  private readonly b: LockService;
  private readonly strict: LockService;
  private readonly url: string;
  /** One of its own. A release needs more rights where somebody waits for any key of the same prefix. */
  private readonly keyPrefix: string;
  private readonly options: RedlockOptions;
  private readonly others: LockService[] = [];

  private constructor(
    private readonly user: string,
    port: number,
  ) {
    this.url = `redis://${user}:secret@127.0.0.1:${port}/1`;
    this.keyPrefix = prefixOf(user);
    const { keyPrefix } = this;
    const nodes = [this.url];
    const defaults = { ttl: TTL_MS, wait: 0 };
    const options = { nodes, keyPrefix, shutdownTimeout: 0, nodeTimeout: 1_500, defaults };
    this.options = options;
    [this.a, this.b] = [createLockService(options), createLockService(options)];
    this.strict = createLockService({ ...options, restartGuard: 'strict' });
  }

  static async with(rights: readonly string[], on = server): Promise<Somebody> {
    const user = `u${(Somebody.count += 1)}`;
    const own = rights.map((right) => right.replace('lock:', prefixOf(user)));
    await on.command('ACL', 'SETUSER', user, 'reset', 'on', '>secret', ...own);
    return new Somebody(user, on.port);
  }

  private static count = 0;

  async try(): Promise<Abilities> {
    const { b, strict } = this;
    const up = await this.untilKnown();
    if (up !== 'ok') {
      const lock = await outcome(() => this.a.acquire(this.name('lock')));
      await this.close();
      return { ...NOTHING, up, lock };
    }
    // What is asked in one tick travels together, and needs other rights than what travels alone. So these come one after
    // another, and each from a process that has no release to try again.
    const single = await this.trySingle();
    const both = [this.name('s1'), this.name('s2')];
    const several = await outcome(async () => this.takeAndGive(both, {}, await this.another()));
    const fenced = { fencing: true };
    const fencing = await outcome(async () => this.takeAndGive(this.name('f'), fenced, await this.another()));
    const sharing = await this.trySharing();
    const batch = await outcome(() => this.tryBatch());
    const handOver = await this.tryHandOver();
    const waiting = await this.tryWaiting();
    const guard =
      (await strict.inspect(this.name('g'))).nodes[0]?.guarded?.reason === 'young' ? 'ok' : 'blind';
    const inspect = (await b.inspect(this.name('i'))).state === 'free' ? 'ok' : 'unknown';
    await this.close();
    return { up, guard, inspect, several, fencing, sharing, batch, handOver, ...single, ...waiting };
  }

  close(): Promise<unknown> {
    return Promise.all([this.a, this.b, this.strict, ...this.others].map((service) => service.close()));
  }

  private async another(): Promise<LockService> {
    const service = createLockService(this.options);
    this.others.push(service);
    await until(`${this.user} is up again`, async () => {
      return (await service.inspect('any')).nodes[0]?.status === 'up';
    });
    return service;
  }

  async untilKnown(): Promise<string> {
    let status = '';
    await until(`${this.user} is up or refused`, async () => {
      const found = await Promise.all([this.a, this.b, this.strict].map((one) => one.inspect('any')));
      const statuses = new Set(found.map(({ nodes: [node] }) => node?.status));
      status = statuses.size === 1 ? String([...statuses][0]) : '';
      return status === 'up' || status === 'down';
    });
    return status === 'up' ? 'ok' : status;
  }

  async takeAndGive(
    resources: string | string[],
    options: LockOptions = {},
    by: LockService = this.a,
  ): Promise<string> {
    const lock = await by.acquire(resources, options);
    expect(lock.fencingToken === undefined).toBe(options.fencing !== true);
    return isReleased(await lock.release());
  }

  /** A reader comes and goes, somebody waits for it in line, and a permit is taken. */
  private async trySharing(): Promise<string> {
    const node = new RedisLockNode(describeRedisNode(this.url), { keyPrefix: this.keyPrefix });
    const resource = this.name('shared');
    const shared = [resource];
    const line = { id: 'waiter', ticket: 1_790_000_000_000_000, entryMs: 1_000 };
    try {
      await untilUp(node);
      const votes = [
        await acquire(node, resource, { ownerToken: 'reader', shared, line: { ...line, id: 'reader' } }),
        await extend(node, resource, { ownerToken: 'reader', shared }),
        await acquire(node, resource, { ownerToken: 'waiter', line }),
        await release(node, resource, { ownerToken: 'reader', shared, turnMs: 1_000 }),
        await acquire(node, resource, { ownerToken: 'waiter', line }),
        await release(node, resource, { ownerToken: 'waiter', line }),
        await leave(node, resource, { line }),
        await acquire(node, resource, { ownerToken: 'holder', limit: { limit: 2, permits: 1, start: 0 } }),
        await acquire(node, resource, { ownerToken: 'other', limit: { limit: 1, permits: 1, start: 0 } }),
        await release(node, resource, { ownerToken: 'holder', slots: 'all' }),
      ];
      const kinds = votes.map(({ kind }) => kind);
      if (kinds[0] === 'granted') expect(kinds[2]).not.toBe('granted');
      if (kinds[7] === 'granted') expect(kinds[8]).not.toBe('granted');
      if (kinds.includes('failed')) return 'failed';
      const expected = kinds.map((_, i) => (i === 2 || i === 8 ? 'denied' : 'granted'));
      return kinds.join() === expected.join() ? 'ok' : kinds.join();
    } finally {
      await node.close();
    }
  }

  private async tryBatch(): Promise<string> {
    const locks = await Promise.all([1, 2].map((i) => this.a.acquire(this.name(`b${i}`))));
    const [released = ''] = await Promise.all(locks.map((lock) => lock.release()));
    return isReleased(released);
  }

  private async trySingle(): Promise<
    Pick<Abilities, 'lock' | 'exclude' | 'extend' | 'release' | 'forceRelease'>
  > {
    const name = this.name('lock');
    let lock: Lock | undefined;
    const locked = await outcome(async () => {
      lock = await this.a.acquire(name, { ttl: 60_000, autoExtend: false });
    });
    if (lock === undefined) {
      const { lock: none } = NOTHING;
      return { lock: locked, exclude: none, extend: none, release: none, forceRelease: none };
    }
    const holder = lock;
    const exclude = (await outcome(() => this.b.tryAcquire(name))) === 'ok' ? 'TWO HOLDERS' : 'ok';
    const extend = await outcome(() => holder.extend());
    const release = await outcome(() => holder.release().then(isReleased));
    await admin.set(`${this.keyPrefix}${this.name('forced')}`, 'somebody');
    const forceRelease = await outcome(() =>
      this.b.forceRelease(this.name('forced')).then((nodes) => (nodes === 1 ? 'ok' : 'not released')),
    );
    return { lock: locked, exclude, extend, release, forceRelease };
  }

  private async tryHandOver(): Promise<string> {
    const name = this.name('h');
    return outcome(async () => {
      const service = await this.another();
      const first = await service.acquire(name, { autoExtend: false });
      const second = service.acquire(name, { wait: 20_000 });
      const released = await first.release();
      await (await second).release();
      return isReleased(released);
    });
  }

  /** Another process waits for what this one releases. */
  private async tryWaiting(): Promise<Pick<Abilities, 'listen' | 'tell' | 'stopListening' | 'wait'>> {
    const name = this.name('w');
    const channel = `${this.keyPrefix}${name}`;
    let listen = '';
    let tell = '';
    const wait = await outcome(async () => {
      // A lock that ends before its release tells nobody of it, and all users do this at the same time.
      const holder = await (await this.another()).acquire(name, { ttl: 10_000, autoExtend: false });
      const waiting = this.b.acquire(name, { wait: 20_000 });
      await until(`${this.user} listens or is refused`, async () => {
        const [, listeners] = (await admin.pubsub('NUMSUB', channel)) as [string, number];
        if (listeners > 0) listen = 'ok';
        // The first of the channels that it wants to hear of is that of all keys.
        else if (await this.wasRefused('subscribe', this.keyPrefix)) listen = 'polls';
        return listen !== '';
      });
      await holder.release();
      await admin.publish(`end of ${channel}`, '');
      await until('everything was heard', () => heard.has(`end of ${channel}`));
      const message = heard.get(channel);
      tell = message === undefined ? 'silent' : message.startsWith('1@1 ') ? 'ok' : 'does not count';
      await (await waiting).release();
    });
    if (wait !== 'ok') return { listen, tell, stopListening: wait, wait };
    let stopListening = '';
    await until(`${this.user} stopped to listen or is refused`, async () => {
      const [, listeners] = (await admin.pubsub('NUMSUB', channel)) as [string, number];
      if (await this.wasRefused('unsubscribe')) stopListening = 'goes on';
      else if (listeners === 0) stopListening = 'ok';
      return stopListening !== '';
    });
    return { listen, tell, stopListening, wait };
  }

  private async wasRefused(...objects: string[]): Promise<boolean> {
    const log = (await admin.call('ACL', 'LOG', '10000')) as unknown[][];
    return log.some((entry) => entry.includes(this.user) && objects.some((object) => entry.includes(object)));
  }

  private name(resource: string): string {
    return `${this.user}:${resource}`;
  }
}

function prefixOf(user: string): string {
  return `lock:${user}:`;
}

function isReleased(released: string): string {
  return released === 'released' ? 'ok' : released;
}

/** What comes of what without one of the rights; everything else goes on. */
const WITHOUT: Record<string, Record<string, string>> = {
  '~lock:*': {
    failed: 'sharing',
    LOCK_UNAVAILABLE:
      'exclude lock extend release forceRelease several fencing batch handOver stopListening wait',
    unknown: 'inspect',
  },
  '&lock:*': { polls: 'listen', silent: 'tell' },
  '~line:*': { failed: 'sharing' },
  // Only `doctor` asks.
  '+ping': {},
  '+info': { blind: 'guard' },
  // The URLs here name a database.
  '+select': { down: 'up', LOCK_UNAVAILABLE: ABILITIES.slice(1).join(' ') },
  '+time': { failed: 'sharing', LOCK_UNAVAILABLE: 'fencing' },
  '+set': {
    failed: 'sharing',
    LOCK_UNAVAILABLE:
      'lock exclude extend release forceRelease several fencing batch handOver stopListening wait',
  },
  '+get': { failed: 'sharing', LOCK_UNAVAILABLE: 'forceRelease fencing', unknown: 'inspect' },
  '+mget': { LOCK_UNAVAILABLE: 'extend', unknown: 'batch several', silent: 'tell' },
  '+del': {
    failed: 'sharing',
    unknown: 'release several fencing batch handOver',
    LOCK_UNAVAILABLE: 'forceRelease',
    silent: 'tell',
  },
  '+exists': { failed: 'sharing', LOCK_UNAVAILABLE: 'several' },
  '+pttl': { failed: 'sharing', LOCK_UNAVAILABLE: 'extend forceRelease' },
  '+pexpire': { failed: 'sharing', LOCK_UNAVAILABLE: 'extend' },
  ...Object.fromEntries(
    [
      ...['+type', '+zadd', '+zrem', '+zscore', '+zcard', '+zrange'],
      ...['+zrangebyscore', '+zremrangebyscore', '+pexpireat'],
    ].map((right) => [right, { failed: 'sharing' }]),
  ),
  '+zcount': {},
  // See below.
  '+eval': {},
  '+script|load': {},
  '+evalsha': {
    failed: 'sharing',
    LOCK_UNAVAILABLE: 'extend forceRelease several fencing batch',
    unknown: 'release handOver inspect',
    silent: 'tell',
  },
  '+publish': { silent: 'tell' },
  '+subscribe': { polls: 'listen', silent: 'tell' },
  '+unsubscribe': { 'goes on': 'stopListening' },
  '+pubsub|numsub': { 'does not count': 'tell' },
};

function sorted(names: string): string {
  return names.split(' ').sort().join(' ');
}

describe('a user of Redis', () => {
  it('with the rights that the documents tell, and no other, can do everything', async () => {
    const somebody = await Somebody.with(RIGHTS);

    expect(await somebody.try()).toEqual(ALL);
  });

  it('without any one of them can do less, and nobody gets a lock that another holds', async () => {
    const tryWithout = async (right: string) => {
      const somebody = await Somebody.with(RIGHTS.filter((other) => other !== right));
      const less: Record<string, string> = {};
      for (const [ability, came] of Object.entries(await somebody.try())) {
        // Not even tried.
        if (came === 'ok' || came === '') continue;
        less[came] = sorted(`${less[came] ?? ''} ${ability}`.trim());
      }
      return [right, less] as const;
    };
    const found: (readonly [string, Record<string, string>])[] = [];
    // Not all at once: a hundred services in one process would run into their own timeouts.
    for (let at = 0; at < RIGHTS.length; at += AT_ONCE)
      found.push(...(await Promise.all(RIGHTS.slice(at, at + AT_ONCE).map(tryWithout))));

    const expected = Object.entries(WITHOUT).map(([right, less]) => [
      right,
      Object.fromEntries(Object.entries(less).map(([came, abilities]) => [came, sorted(abilities)])),
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });

  it.each([
    ['', 'ok', 1],
    ['+script|load', 'ok', 0],
    ['+eval', 'LOCK_UNAVAILABLE', 0],
  ])('(without %s) whose server forgot the scripts: %s', async (missing, expected, isLoaded) => {
    const forgetful = await RedisServer.start();
    try {
      const somebody = await Somebody.with(
        RIGHTS.filter((right) => right !== missing),
        forgetful,
      );
      await somebody.untilKnown();
      const loaded = await forgetful.command('SCRIPT', 'EXISTS', ACQUIRE.sha);
      await forgetful.command('SCRIPT', 'FLUSH');

      expect(await outcome(() => somebody.takeAndGive(['a', 'b']))).toBe(expected);
      if (missing !== '+eval') expect(loaded).toEqual([isLoaded]);

      await somebody.close();
    } finally {
      await forgetful.stop();
    }
  });

  it.each(['docs/CLI.md', 'docs/OPERATIONS.md'])('is told of in %s as `doctor` tells of it', (document) => {
    const text = readFileSync(join(__dirname, '../..', document), 'utf8');

    expect(text).toContain(`ACL SETUSER locks on >… ${RIGHTS.join(' ')}`);
  });
});
