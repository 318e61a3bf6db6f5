import { inspect } from 'node:util';
import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { TerminusModule } from '@nestjs/terminus';
import { Cluster, Redis } from 'ioredis';
import {
  createLockService,
  type LockEvent,
  Locked,
  LockService,
  MemoryLockNode,
  RedlockModule,
  type RedlockOptions,
} from '../../lib';
import { RedlockHealthIndicator, RedlockHealthModule } from '../../lib/health';
import { RedisServer } from '../helpers/redis-server';

/** What nobody may read anywhere. The server refuses it, so that its errors are among what is printed. */
const CANARY = 'c4nary-pa55';
const EVERYTHING = { depth: Infinity, showHidden: true, getters: true, maxArrayLength: null } as const;

type NodeInput = RedlockOptions['nodes'][number];

let server: RedisServer;
const given: (Redis | Cluster)[] = [];

beforeAll(async () => {
  server = await RedisServer.start({ password: 'another' });
});

afterAll(async () => {
  for (const client of given) client.disconnect();
  await server.stop();
});

/** Every place in which a node may have a secret. */
const PLACES: [string, () => NodeInput][] = [
  ['a URL', () => `redis://anna:${CANARY}@127.0.0.1:${server.port}/0`],
  ['a URL without a user', () => `redis://:${CANARY}@127.0.0.1:${server.port}`],
  ['options', () => ({ port: server.port, username: 'anna', password: CANARY })],
  ['a function', () => ({ port: server.port, password: () => CANARY })],
  ['a promise of a function', () => ({ port: server.port, password: () => Promise.resolve(CANARY) })],
  ['keys of TLS', () => ({ port: server.port, tls: { key: CANARY, passphrase: CANARY, cert: CANARY } })],
  ['keys of TLS from a function', () => ({ port: server.port, tls: () => ({ passphrase: CANARY }) })],
  ['Sentinels', () => ({ ...sentinels(), password: `${CANARY}2` })],
  ['Sentinels with TLS', () => ({ ...sentinels(), sentinelTLS: { key: CANARY } })],
  ['a client', () => keep(new Redis({ port: server.port, password: CANARY, lazyConnect: true }))],
  [
    'a Cluster',
    () =>
      keep(
        new Cluster([{ host: '127.0.0.1', port: server.port }], {
          lazyConnect: true,
          redisOptions: { password: CANARY },
        }),
      ),
  ],
];

function sentinels() {
  return { sentinels: [{ host: '127.0.0.1', port: server.port }], name: 'mine', sentinelPassword: CANARY };
}

function keep<T extends Redis | Cluster>(client: T): T {
  client.on('error', () => undefined);
  given.push(client);
  return client;
}

function expectNoSecret(things: Record<string, unknown>): void {
  const leaks = Object.entries(things).flatMap(([name, thing]) =>
    [inspect(thing, EVERYTHING), inspect(thing), `${String(thing)} ${jsonOf(thing)}`].some((text) =>
      text.includes(CANARY),
    )
      ? [name]
      : [],
  );
  expect(leaks).toEqual([]);
}

/** What is circular has no JSON. */
function jsonOf(thing: unknown): string {
  try {
    return JSON.stringify(thing);
  } catch (error) {
    return String(error);
  }
}

describe.each(PLACES)('a secret in %s', (_, input) => {
  it('is in nothing that a service, its nodes, locks, events and errors print', async () => {
    const service = createLockService({
      nodes: [input(), new MemoryLockNode(), new MemoryLockNode()],
      shutdownTimeout: 0,
    });
    const alone = createLockService({ nodes: [input()], defaults: { wait: 50 } });
    const events: LockEvent[] = [];
    service.events$.subscribe((event) => events.push(event));
    alone.events$.subscribe((event) => events.push(event));

    const lock = await service.acquire('order:7');
    const inspection = await service.inspect('order:7');
    const busy: unknown = await service.acquire('order:7', { wait: 0 }).catch((error: unknown) => error);
    const unavailable: unknown = await alone.acquire('order:7').catch((error: unknown) => error);
    const ticket = await lock.detach();

    expect([busy, unavailable]).toMatchObject([{ code: 'LOCK_BUSY' }, { code: 'LOCK_UNAVAILABLE' }]);
    expectNoSecret({ service, alone, lock, inspection, busy, unavailable, ticket, events });
    expectNoSecret(Object.fromEntries(Object.entries(service)));
    await Promise.all([service.close(), alone.close()]);
  });

  it('is in nothing that an application logs, checks or prints of the module', async () => {
    @Injectable()
    class Orders {
      constructor(readonly locks: LockService) {}

      @Locked('order:<0>')
      async pay(id: string) {
        return Promise.resolve(id);
      }
    }
    const lines: unknown[][] = [];
    const log = (...line: unknown[]) => lines.push(line);
    const redlock = RedlockModule.forRoot({ nodes: [input(), new MemoryLockNode(), new MemoryLockNode()] });
    const app = await Test.createTestingModule({
      imports: [redlock, TerminusModule, RedlockHealthModule],
      providers: [Orders],
    })
      .setLogger({ log, error: log, warn: log, debug: log, verbose: log })
      .compile();
    await app.init();

    const orders = app.get(Orders);
    await orders.pay('7');
    const health = await app.get(RedlockHealthIndicator).isHealthy('locks', { details: 'all' });

    expectNoSecret({ redlock, orders, health, lines, service: app.get(LockService) });
    expect(inspect(app.get(ModuleRef), { depth: 4 })).not.toContain(CANARY);
    await app.close();
  });
});

describe('what is printed of a lock service', () => {
  it('is short, and says of a lock and its nodes what may be known', async () => {
    const service = createLockService({ nodes: [new MemoryLockNode()], shutdownTimeout: 0 });
    const lock = await service.acquire('order:7');

    expect(inspect(service)).toBe('LockService {}');
    expect(JSON.stringify({ service })).toBe('{"service":{}}');
    expect(inspect(lock, EVERYTHING)).toMatch(/^Lock \{\s+resources: \[ 'order:7'.*isHeld: true/s);
    expect(JSON.parse(JSON.stringify(lock))).toMatchObject({ resources: ['order:7'], isHeld: true });
    expect(inspect(lock) + JSON.stringify(lock)).not.toContain(lock.ownerToken);
    await lock.release();
    await service.close();
  });
});
