import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Cluster } from 'ioredis';
import {
  createLockService,
  type Lock,
  LockService,
  LockUnavailableError,
  RedlockModule,
  type RedlockNodeInput,
} from '../../lib';
import { startRedisCluster } from '../helpers/redis-cluster';
import { SentinelGroup } from '../helpers/redis-sentinel';
import { type RedisServer, startRedisServers } from '../helpers/redis-server';

/** No test gets ports below 1,024, so nobody can listen there by the time they are asked. */
const GONE = 'redis://127.0.0.1:1';
const ALSO_GONE = 'redis://127.0.0.1:2';

let servers: RedisServer[];

beforeAll(async () => {
  servers = await startRedisServers(3);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

const urls = () => servers.map(({ url }) => url);

/** However busy the machine is. Nothing is awaited between the start and the question. */
async function atOnce<T>(nodes: RedlockNodeInput[], ask: (locks: LockService) => Promise<T>): Promise<T> {
  const locks = createLockService({ nodes, nodeTimeout: 5_000, shutdownTimeout: 0 });
  try {
    return await ask(locks);
  } finally {
    await locks.close();
  }
}

it('a script that asks for its first lock at once gets it', async () => {
  const [tried, acquired, fenced, several, worked] = await Promise.all([
    atOnce(urls(), (locks) => locks.tryAcquire('tried')),
    atOnce(urls(), (locks) => locks.acquire('acquired', { wait: 0 })),
    atOnce(urls(), (locks) => locks.tryAcquire('fenced', { fencing: true })),
    atOnce(urls(), (locks) => locks.tryAcquire(['one', 'two'])),
    atOnce(urls(), (locks) => locks.withLock('worked', { wait: 0 }, () => 'done')),
  ]);

  expect([tried, acquired, fenced, several].map((lock) => lock?.resources.length)).toEqual([1, 1, 1, 2]);
  expect(fenced?.fencingToken).toEqual(expect.any(Number));
  expect(worked).toBe('done');
});

it('a script that looks, or opens by force, at once is told by all nodes', async () => {
  const holder = createLockService({ nodes: urls(), nodeTimeout: 5_000, shutdownTimeout: 0 });
  const lock = await holder.acquire('looked at');

  const seen = await atOnce(urls(), (locks) => locks.inspect('looked at'));
  const removed = await atOnce(urls(), (locks) => locks.forceRelease('looked at'));

  expect(seen).toMatchObject({ state: 'held', holder: { ownerToken: lock.ownerToken } });
  expect(removed).toBe(3);
  await holder.close();
});

it('a Nest application has its locks from the first hook on', async () => {
  @Injectable()
  class AtStart implements OnModuleInit, OnApplicationBootstrap {
    readonly got: (Lock | null)[] = [];
    constructor(private readonly locks: LockService) {}
    async onModuleInit() {
      this.got.push(await this.locks.tryAcquire('in onModuleInit'));
    }
    async onApplicationBootstrap() {
      this.got.push(await this.locks.tryAcquire('in onApplicationBootstrap'));
    }
  }
  const module = await Test.createTestingModule({
    imports: [RedlockModule.forRoot({ nodes: urls(), nodeTimeout: 5_000, shutdownTimeout: 0 })],
    providers: [AtStart],
  }).compile();
  await module.init();

  expect(module.get(AtStart).got).toEqual([expect.anything(), expect.anything()]);
  await module.close();
});

it('one of the nodes may be gone, and two may not: then the first lock fails soon', async () => {
  const [first = '', second = ''] = urls();

  expect(await atOnce([first, second, GONE], (locks) => locks.tryAcquire('two of three'))).not.toBeNull();
  await expect(atOnce([first, GONE, ALSO_GONE], (locks) => locks.tryAcquire('one of three'))).rejects.toThrow(
    LockUnavailableError,
  );
});

it('ready() resolves when a majority has connected, and rejects at its deadline', async () => {
  await atOnce(urls(), (locks) => locks.ready());

  await atOnce([GONE], async (locks) => {
    // A busy machine may not even have begun to connect by the deadline: from here the reason is known.
    await expect(locks.tryAcquire('refused')).rejects.toThrow('ECONNREFUSED');
    await expect(locks.ready({ wait: 50 })).rejects.toThrow(/^Too few lock nodes can vote: .*ECONNREFUSED/);
  });
});

it('the master of a Sentinel group is waited for', async () => {
  const group = await SentinelGroup.start();
  const node = { sentinels: [{ host: '127.0.0.1', port: group.sentinelPort }], name: group.name };

  expect(await atOnce([node], (locks) => locks.tryAcquire('behind a sentinel'))).not.toBeNull();
  await group.stop();
});

it('the masters of a Redis Cluster are waited for', async () => {
  const masters = await startRedisCluster(3);
  const client = new Cluster([{ host: '127.0.0.1', port: masters[0]?.port }], { lazyConnect: true });

  expect(await atOnce([client], (locks) => locks.tryAcquire(['a', 'b', 'c']))).not.toBeNull();
  await Promise.all(masters.map((server) => server.stop()));
});
