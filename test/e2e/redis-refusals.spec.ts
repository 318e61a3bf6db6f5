import Redis from 'ioredis';
import { createLockService, type LockEvent, type LockService } from '../../lib';
import { describeRedisNode } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import { acquire, release, untilUp } from '../helpers/ask-node';
import { FakeRedis, honest } from '../helpers/fake-redis';
import { RedisServer } from '../helpers/redis-server';
import { until } from '../helpers/until';

/** Far above what a test may take. */
const TTL_MS = 60_000;

const ended: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function startServer(): Promise<RedisServer> {
  const server = await RedisServer.start({
    args: ['--busy-reply-threshold', '20', '--enable-protected-configs', 'yes'],
  });
  ended.push(async () => {
    // A script that does not end hears no SIGTERM.
    await server.kill();
    await server.stop();
  });
  return server;
}

function open(...urls: string[]): LockService {
  const locks = createLockService({ nodes: urls, restartGuard: false, shutdownTimeout: 0 });
  ended.push(() => locks.close());
  return locks;
}

describe('a release that a server refuses for a moment', () => {
  const WAYS = {
    'for want of replicas': {
      begin: (server: RedisServer) => server.command('CONFIG', 'SET', 'min-replicas-to-write', '1'),
      end: (server: RedisServer) => server.command('CONFIG', 'SET', 'min-replicas-to-write', '0'),
    },
    'since it cannot write to its disk': {
      begin: async (server: RedisServer) => {
        await server.command('CONFIG', 'SET', 'save', '3600 1');
        await server.command('CONFIG', 'SET', 'dbfilename', 'x'.repeat(300));
        await server.command('BGSAVE').catch(() => undefined);
        await until('it refuses', () =>
          server.command('SET', 'any', 'value').then(
            () => false,
            (error: unknown) => String(error).includes('MISCONF'),
          ),
        );
      },
      end: (server: RedisServer) => server.command('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no'),
    },
    'since a script keeps it busy': {
      begin: async (server: RedisServer) => {
        void server.command('EVAL', 'while true do end', 0).catch(() => undefined);
        await until('it is busy', () =>
          server.command('PING').then(
            () => false,
            () => true,
          ),
        );
      },
      end: (server: RedisServer) => {
        // Whoever asks for INFO first is told that it is busy.
        const admin = new Redis(server.port, { enableReadyCheck: false });
        return admin.script('KILL').finally(() => {
          admin.disconnect();
        });
      },
    },
    'since the user may not': {
      begin: (server: RedisServer) => server.command('ACL', 'SETUSER', 'app', '-@scripting'),
      end: (server: RedisServer) => server.command('ACL', 'SETUSER', 'app', '+@all'),
    },
  };

  it.each(Object.entries(WAYS))('is done when it does not any more: %s', async (_what, { begin, end }) => {
    const server = await startServer();
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all');
    const url = `redis://app:secret@127.0.0.1:${server.port}`;
    const [locks, others] = [open(url), open(url)];
    for (const one of [locks, others])
      await until('the node answers', async () => (await one.inspect('any')).state !== 'unknown');
    const held = await locks.acquire(['a', 'b'], { ttl: TTL_MS });
    const waiting = others.acquire('a', { ttl: TTL_MS, wait: 30_000 });

    await begin(server);
    const outcome = await held.release();
    await end(server);

    expect(outcome).toBe('unknown');
    expect((await waiting).isHeld).toBe(true);
  });
});

it('releases what an attempt was granted when the server that refuses it can take it', async () => {
  const [granting, ...silent] = await Promise.all([startServer(), startServer(), startServer()]);
  const locks = open(...[granting, ...silent].map(({ url }) => url));
  await until('all answer', async () => (await locks.inspect('any')).nodes.every(({ error }) => !error));
  for (const server of silent) server.pause();

  const attempt = locks.tryAcquire('a', { ttl: TTL_MS }).catch((error: unknown) => error);
  await until('it was granted', async () => (await granting.command('EXISTS', 'lock:a')) === 1);
  await granting.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
  await attempt;
  const atTheEnd = await granting.command('EXISTS', 'lock:a');
  await granting.command('CONFIG', 'SET', 'min-replicas-to-write', '0');

  expect(atTheEnd).toBe(1);
  await until('it is gone', async () => (await granting.command('EXISTS', 'lock:a')) === 0);
  for (const server of silent) server.resume();
});

it('does not say that there was nothing to remove while the server refuses to remove it', async () => {
  const server = await startServer();
  const locks = open(server.url);
  await locks.ready();
  await server.command('SET', 'lock:a', 'somebody', 'PX', 60_000);
  await server.command('CONFIG', 'SET', 'min-replicas-to-write', '1');

  const removing = locks.forceRelease('a');

  await expect(removing).rejects.toMatchObject({
    code: 'LOCK_UNAVAILABLE',
    message: expect.stringMatching('No lock node said that "a" was removed') as string,
  });
  await server.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
  await until('it is gone', async () => (await server.command('EXISTS', 'lock:a')) === 0);
  expect(await locks.forceRelease('a')).toBe(0);
});

describe('a release that was answered with', () => {
  it.each([
    'NOREPLICAS Not enough good replicas to write.',
    'MISCONF Errors writing to the AOF file: No space left on device',
    'BUSY Redis is busy running a script.',
    'NOPERM User app has no permissions to run the evalsha command',
    'LOADING Redis is loading the dataset in memory',
    'OOM command not allowed when used memory > maxmemory.',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN The cluster is down',
    "CROSSSLOT Keys in request don't hash to the same slot",
    'MASTERDOWN Link with MASTER is down',
    'ERR something that nobody has heard of',
  ])('%s, is asked for again, alone and in a batch', async (refusal) => {
    const server = await FakeRedis.start();
    ended.push(() => server.stop());
    const node = new RedisLockNode(describeRedisNode(server.url));
    ended.push(() => node.close());
    await untilUp(node);
    let isRefusing = true;
    const done: string[] = [];
    server.answer = (command) => {
      const [name = '', , , key = ''] = command;
      if (!/^evalsha$/i.test(name)) return honest(command);
      if (isRefusing) return { reply: { error: refusal } };
      done.push(key);
      return key === 'lock:alone' ? { reply: 1 } : { reply: 'gg 0' };
    };

    const alone = await release(node, 'alone', { ownerToken: 'anna' });
    const two = await Promise.all(['b', 'c'].map((name) => release(node, name, { ownerToken: 'anna' })));
    isRefusing = false;

    expect([alone, ...two].map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed']);
    await until('they were asked for again', () => done.length > 0 && server.commands.length > 0);
  });
});

it('asks again for a release that found too many requests under way', async () => {
  const server = await startServer();
  const node = new RedisLockNode(describeRedisNode(server.url), { mostInFlight: 1 });
  ended.push(() => node.close());
  await untilUp(node);
  await acquire(node, 'a', { ownerToken: 'anna' });
  server.pause();
  const other = acquire(node, 'b', { ownerToken: 'ben' });
  await new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });

  const vote = await release(node, 'a', { ownerToken: 'anna' });
  server.resume();

  expect(vote).toMatchObject({ kind: 'failed', error: { code: 'OVERLOADED' } });
  await other;
  await until('it is gone', async () => (await server.command('EXISTS', 'lock:a')) === 0);
});

describe('a node that answers and refuses to grant', () => {
  const WAYS = {
    OOM: {
      begin: async (server: RedisServer) => {
        await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        await server.command('CONFIG', 'SET', 'maxmemory', '1');
      },
      end: (server: RedisServer) => server.command('CONFIG', 'SET', 'maxmemory', '0'),
    },
    NOREPLICAS: {
      begin: (server: RedisServer) => server.command('CONFIG', 'SET', 'min-replicas-to-write', '1'),
      end: (server: RedisServer) => server.command('CONFIG', 'SET', 'min-replicas-to-write', '0'),
    },
    NOPERM: {
      begin: (server: RedisServer) => server.command('ACL', 'SETUSER', 'default', '-set'),
      end: (server: RedisServer) => server.command('ACL', 'SETUSER', 'default', '+set'),
    },
  };

  it.each(Object.entries(WAYS))('is known by it: %s', async (code, { begin, end }) => {
    const servers = await Promise.all([startServer(), startServer(), startServer()]);
    const locks = open(...servers.map(({ url }) => url));
    const events: LockEvent[] = [];
    locks.events$.subscribe((event) => events.push(event));
    const refusals = async () =>
      (await locks.inspect('health', { tryGrants: true })).nodes.map(
        ({ refusal }) => refusal?.message ?? 'none',
      );
    await until('all answer', async () => (await locks.inspect('any')).nodes.every(({ error }) => !error));

    const before = await refusals();
    await Promise.all(servers.slice(0, 2).map(begin));
    const meanwhile = await refusals();
    const [ready, attempt] = await Promise.allSettled([locks.ready({ wait: 0 }), locks.tryAcquire('a')]);
    await Promise.all(servers.slice(0, 2).map(end));
    await until('it grants again', () => events.filter(({ type }) => type === 'node-granting').length === 2);

    const refused = expect.stringContaining(code) as string;
    expect(before).toEqual(['none', 'none', 'none']);
    expect(meanwhile).toEqual([refused, refused, 'none']);
    expect([ready.status, attempt.status]).toEqual(['rejected', 'rejected']);
    expect(events.filter(({ type }) => type === 'node-refusing')).toHaveLength(2);
    expect(await refusals()).toEqual(before);
    for (const server of servers) expect(await server.command('DBSIZE')).toBe(0);
  });

  it('is known by a lock that it refused', async () => {
    const server = await startServer();
    const locks = open(server.url);
    await until('the node answers', async () => (await locks.inspect('any')).state !== 'unknown');
    await WAYS.NOREPLICAS.begin(server);

    await locks.tryAcquire('a').catch(() => undefined);

    await until('it is known', async () => (await locks.inspect('any')).nodes[0]?.refusal !== undefined);
  });

  it('is one that grants a lone lock and cannot release it', async () => {
    const server = await startServer();
    const locks = open(server.url);
    const events: LockEvent[] = [];
    locks.events$.subscribe((event) => events.push(event));
    const refusal = async () =>
      (await locks.inspect('health', { tryGrants: true })).nodes[0]?.refusal?.message ?? 'none';
    await until('the node answers', async () => (await locks.inspect('any')).state !== 'unknown');
    await server.command('ACL', 'SETUSER', 'default', '-evalsha');

    const meanwhile = [await refusal()];
    // Each of these needs a script, so it is refused.
    for (let times = 0; times < 3; times += 1) {
      await locks.tryAcquire(['a', 'b']).catch(() => undefined);
      meanwhile.push(await refusal());
    }
    await server.command('ACL', 'SETUSER', 'default', '+evalsha');
    await until('it grants again', () => events.some(({ type }) => type === 'node-granting'));

    expect(meanwhile).toEqual(meanwhile.map(() => expect.stringContaining('evalsha') as string));
    expect(events.filter(({ type }) => type === 'node-refusing')).toHaveLength(1);
    await until('nothing is left', async () => (await server.command('DBSIZE')) === 0);
  });

  it('is not one that refuses a single resource', async () => {
    const server = await startServer();
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~lock:a*', '&*', '+@all');
    const locks = open(`redis://app:secret@127.0.0.1:${server.port}`);
    await until('the node answers', async () => (await locks.inspect('a')).state !== 'unknown');

    const attempt = await locks.tryAcquire('b').catch((error: unknown) => error);

    expect(attempt).toMatchObject({ code: 'LOCK_UNAVAILABLE' });
    // What was sent before it has been answered.
    await locks.inspect('a');
    expect((await locks.inspect('health', { tryGrants: true })).nodes[0]?.refusal).toBeUndefined();
  });
});
