import { describeRedisNode, type RedisNodeInput } from '../../lib/redis/client/ioredis/describe-redis-node';
import { RedisLockNode } from '../../lib/redis/redis-lock-node';
import type { RedisLockNodeOptions } from '../../lib/redis/redis-lock-node-options';
import type { AcquireVote, NodeStatusChange } from '../../lib/ports/lock-node.interface';
import { acquire, extend, ownerOf, release, untilUp } from '../helpers/ask-node';
import { RedisServer } from '../helpers/redis-server';
import { TcpProxy } from '../helpers/tcp-proxy';
import { until } from '../helpers/until';
import { VirtualClock } from '../helpers/virtual-clock';

const GRANTED = { kind: 'granted' };

let server: RedisServer;
let proxy: TcpProxy;
let nodes: RedisLockNode[] = [];

beforeEach(async () => {
  server = await RedisServer.start();
  proxy = await TcpProxy.start(server.port);
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  nodes = [];
  await proxy.stop();
  await server.stop();
});

function open(input: RedisNodeInput = server.url, options?: RedisLockNodeOptions): RedisLockNode {
  const node = new RedisLockNode(describeRedisNode(input), options);
  nodes.push(node);
  return node;
}

async function openUp(input?: RedisNodeInput, options?: RedisLockNodeOptions): Promise<RedisLockNode> {
  const node = open(input, options);
  await untilUp(node);
  return node;
}

/** What was asked for has left, alone, and no reply was read yet. */
const nextTick = () =>
  new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });

describe('scripts that the server forgot', () => {
  it('are sent again, and the votes are as before', async () => {
    const node = await openUp();
    await server.command('SCRIPT', 'FLUSH');

    const granted = await acquire(node, ['a', 'b'], { ownerToken: 'anna' });
    await server.command('SCRIPT', 'FLUSH');
    const extended = await extend(node, ['a', 'b'], { ownerToken: 'anna' });
    await server.command('SCRIPT', 'FLUSH');
    const takenOver = await extend(node, ['a', 'b'], { ownerToken: 'ben', replaces: 'anna' });
    await server.command('SCRIPT', 'FLUSH');
    const hold = await node.inspect('a');
    await server.command('SCRIPT', 'FLUSH');
    const released = await release(node, ['a', 'b'], { ownerToken: 'ben' });

    expect([granted, extended, takenOver, released]).toEqual([GRANTED, GRANTED, GRANTED, GRANTED]);
    expect(hold?.ownerToken).toBe('ben');
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('do not bring back what was released meanwhile', async () => {
    const node = await openUp();
    await server.command('SCRIPT', 'FLUSH');

    const granted = acquire(node, ['a', 'b'], { ownerToken: 'anna' });
    await nextTick();
    const extended = extend(node, ['a', 'b'], { ownerToken: 'anna' });
    await nextTick();
    const released = release(node, ['a', 'b'], { ownerToken: 'anna' });

    expect(await granted).toMatchObject({ kind: 'failed', error: { code: 'NOSCRIPT' } });
    expect(await extended).toMatchObject({ kind: 'failed', error: { code: 'NOSCRIPT' } });
    expect(await released).toEqual({ kind: 'denied' });
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('do not bring back what was taken over meanwhile', async () => {
    const node = await openUp();
    await server.command('SCRIPT', 'FLUSH');

    const granted = acquire(node, ['a', 'b'], { ownerToken: 'anna' });
    await nextTick();
    const extended = extend(node, ['a', 'b'], { ownerToken: 'anna' });
    await nextTick();
    const takenOver = extend(node, ['a', 'b'], { ownerToken: 'ben', replaces: 'anna' });
    await nextTick();
    const released = release(node, ['a', 'b'], { ownerToken: 'ben' });

    for (const vote of await Promise.all([granted, extended, takenOver]))
      expect(vote).toMatchObject({ kind: 'failed', error: { code: 'NOSCRIPT' } });
    expect(await released).toEqual({ kind: 'denied' });
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('are loaded on every new connection', async () => {
    const node = await openUp();

    await server.restart();
    await until('it is up again', () => node.status === 'up');
    await acquire(node, ['a', 'b'], { ownerToken: 'anna' });

    expect(String(await server.command('INFO', 'commandstats'))).not.toContain('cmdstat_eval:');
  });
});

describe('a server that stalls', () => {
  it('leaves votes open, and applies acquire and release in order when it goes on', async () => {
    const node = await openUp();
    const votes: string[] = [];
    server.pause();

    for (const resources of ['a', ['b', 'c']]) {
      void acquire(node, resources, { ownerToken: 'anna' }).then(({ kind }) => votes.push(kind));
      void release(node, resources, { ownerToken: 'anna' }).then(({ kind }) => votes.push(kind));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    const whilePaused = [...votes];
    server.resume();
    await until('all votes are there', () => votes.length === 4);

    expect(whilePaused).toEqual([]);
    expect(votes).toEqual(['granted', 'granted', 'granted', 'granted']);
    expect(await server.command('DBSIZE')).toBe(0);
    expect(node.status).toBe('up');
  });

  it('gets no more requests than it may owe answers to', async () => {
    const node = await openUp(server.url, { mostInFlight: 3 });
    server.pause();

    const votes: AcquireVote[] = [];
    for (let resource = 0; resource < 5; resource += 1) {
      void acquire(node, `r${resource}`, { ownerToken: 'anna' }).then((vote) => votes.push(vote));
      // Each in a tick of its own: what is asked in one tick is one request.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('the surplus failed', () => votes.length === 2);
    server.resume();
    await until('the others are granted', () => votes.length === 5);

    expect(votes.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'granted', 'granted', 'granted']);
    expect(votes[0]).toMatchObject({ error: { code: 'OVERLOADED' } });
    expect(await acquire(node, 'later', { ownerToken: 'anna' })).toEqual(GRANTED);
  });

  it('does not hold up close, which fails what is open', async () => {
    const node = await openUp();
    server.pause();
    const open = [acquire(node, 'a', { ownerToken: 'anna' }), release(node, 'b', { ownerToken: 'anna' })];

    await node.close();

    expect(await Promise.all(open)).toMatchObject([{ kind: 'failed' }, { kind: 'failed' }]);
  });
});

describe('a connection that breaks', () => {
  it('fails the open votes at once and is made again', async () => {
    const node = await openUp(proxy.url);
    const changes: NodeStatusChange[] = [];
    node.onStatus((change) => changes.push(change));
    await proxy.setMode('drop-requests');
    const votes = Promise.all([
      acquire(node, 'a', { ownerToken: 'anna' }),
      acquire(node, ['b', 'c'], { ownerToken: 'anna' }),
      extend(node, 'd', { ownerToken: 'anna' }),
    ]);
    const inspection = node.inspect('a').catch((error: unknown) => error);

    proxy.reset();
    for (const vote of await votes)
      expect(vote).toMatchObject({ kind: 'failed', error: { code: 'DISCONNECTED' } });
    expect(await inspection).toMatchObject({ code: 'DISCONNECTED' });
    await proxy.setMode('pass');
    await until('it is up again', () => node.status === 'up');

    expect(changes.map(({ status }) => status)).toEqual(['down', 'up']);
    expect(changes[0]?.error?.message).toMatch(/^not connected: /);
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('sends a release that was lost as soon as the server is back, and nothing else', async () => {
    const node = await openUp(proxy.url);
    await acquire(node, ['a', 'b'], { ownerToken: 'anna' });
    await proxy.setMode('drop-requests');
    const votes = Promise.all([
      release(node, ['a', 'b'], { ownerToken: 'anna' }),
      acquire(node, 'c', { ownerToken: 'anna' }),
      acquire(node, ['d', 'e'], { ownerToken: 'anna' }),
    ]);

    await proxy.setMode('refuse');
    proxy.reset();
    const lost = await votes;
    const whileDown = await Promise.all([
      acquire(node, 'f', { ownerToken: 'anna' }),
      acquire(node, ['g', 'h'], { ownerToken: 'anna' }),
    ]);
    const keys = await server.command('DBSIZE');
    await proxy.setMode('pass');
    await until('it is up again', () => node.status === 'up');

    expect([...lost, ...whileDown].map(({ kind }) => kind)).toEqual(Array(5).fill('failed'));
    expect(keys).toBe(2);
    // The first answer on the new connection comes after the releases before it.
    expect(await node.inspect('a')).toBeNull();
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('sends a release that was asked for while the server was away', async () => {
    const node = await openUp(proxy.url);
    await acquire(node, 'a', { ownerToken: 'anna' });
    await acquire(node, 'b', { ownerToken: 'anna', ttlMs: 60_000 });
    await acquire(node, 'c', { ownerToken: 'ben' });
    await proxy.setMode('refuse');
    proxy.reset();
    await until('it is down', () => node.status === 'down');

    const votes = await Promise.all([
      release(node, 'a', { ownerToken: 'anna' }),
      release(node, 'b', { ownerToken: 'anna', keepMs: 30_000 }),
      release(node, 'c', { ownerToken: 'anna' }),
    ]);
    await proxy.setMode('pass');
    await until('it is up again', () => node.status === 'up');

    expect(votes.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed']);
    expect(await node.inspect('a')).toBeNull();
    expect((await node.inspect('b'))?.ttlMs).toBeLessThanOrEqual(30_000);
    expect(await ownerOf(node, 'c')).toBe('ben');
  });

  it('is replaced when it stays silent, as after a firewall forgot it, and what it still held never arrives', async () => {
    const clock = new VirtualClock();
    const node = await openUp(proxy.url, { clock });
    await proxy.setMode('drop-requests');
    const votes = Promise.all([
      acquire(node, 'a', { ownerToken: 'anna' }),
      acquire(node, ['b', 'c'], { ownerToken: 'anna' }),
    ]);

    await clock.advance(10_000);
    for (const vote of await votes) {
      expect(vote).toMatchObject({
        kind: 'failed',
        error: { message: expect.stringContaining('does not answer') as string },
      });
    }
    await proxy.setMode('pass');
    await until('it is up again', async () => {
      await clock.advance(100);
      return node.status === 'up';
    });

    expect(proxy.accepted).toBeGreaterThan(1);
    expect(await acquire(node, 'a', { ownerToken: 'ben' })).toEqual(GRANTED);
    const closing = node.close();
    await clock.advance(1_000);
    await closing;
  });

  it('behind a proxy that accepts and closes is tried again, patiently', async () => {
    await proxy.setMode('accept-and-close');
    const node = open(proxy.url);
    await until('it tried several times', () => proxy.accepted >= 3);

    expect(await acquire(node, 'a', { ownerToken: 'anna' })).toMatchObject({ kind: 'failed' });
    expect(node.status).toBe('down');
    await proxy.setMode('pass');
    await until('it is up', () => node.status === 'up');
  });
});

describe('a server that dies', () => {
  it('fails votes with the reason, and is used again soon after its return, without what was sent before', async () => {
    const node = await openUp();
    server.pause();
    const open = Promise.all([
      acquire(node, 'a', { ownerToken: 'anna' }),
      acquire(node, ['b', 'c'], { ownerToken: 'anna' }),
    ]);
    await server.kill();
    const votes = await open;
    await until('it was tried again', async () => {
      const vote = await acquire(node, 'd', { ownerToken: 'anna' });
      return vote.kind === 'failed' && vote.error.message.includes('ECONNREFUSED');
    });

    await server.restart();
    await until('it is up again', () => node.status === 'up', 5_000);

    expect(votes.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
    await node.inspect('a');
    expect(await server.command('DBSIZE')).toBe(0);
    expect(await acquire(node, 'a', { ownerToken: 'ben' })).toEqual(GRANTED);
  });

  it('before the start lets the start go on, and is used when it comes', async () => {
    await server.kill();

    const node = open();
    const early = await acquire(node, 'a', { ownerToken: 'anna' });
    await until('it is down', () => node.status === 'down');
    const late = await acquire(node, 'a', { ownerToken: 'anna' });
    await server.restart();
    await until('it is up', () => node.status === 'up', 5_000);

    expect(early).toMatchObject({ kind: 'failed', error: { message: 'not connected yet' } });
    expect(late).toMatchObject({ kind: 'failed', error: { code: 'ECONNREFUSED' } });
    expect(await acquire(node, 'a', { ownerToken: 'anna' })).toEqual(GRANTED);
  });

  it('can be left while it is away', async () => {
    await server.kill();
    const node = open();
    await until('it is down', () => node.status === 'down');

    await node.close();

    expect(node.status).toBe('closed');
  });
});

describe('what a vote tells', () => {
  it('never has the arguments of a command in it', async () => {
    const node = await openUp();
    await server.command('ACL', 'SETUSER', 'default', '-set', '-evalsha');

    const votes = await Promise.all([
      acquire(node, 'a', { ownerToken: 'anna' }),
      acquire(node, ['a', 'b'], { ownerToken: 'anna' }),
    ]);

    for (const vote of votes) {
      expect(vote).toMatchObject({ kind: 'failed', error: { code: 'NOPERM' } });
      expect(Object.keys((vote as { error: object }).error).sort()).toEqual(['code', 'name']);
      expect((vote as { error: Error }).error.cause).toBeUndefined();
    }
  });
});
