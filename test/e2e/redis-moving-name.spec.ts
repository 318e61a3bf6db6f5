import { createLockService, type LockEvent, type LockService } from '../../lib';
import { listening } from '../helpers/listening';
import { RedisServer, startRedisServers } from '../helpers/redis-server';
import { TcpProxy } from '../helpers/tcp-proxy';
import { until } from '../helpers/until';

/**
 * One name for a master and its replica, as a managed Redis, a Kubernetes Service or a balancer has it: a failover leaves
 * the old master alive, breaks no connection, and the name leads to it for a while.
 */
let servers: RedisServer[];
let first: RedisServer;
let second: RedisServer;
let name: TcpProxy;
const services: LockService[] = [];

beforeEach(async () => {
  servers = await startRedisServers(2, { args: ['--repl-diskless-sync-delay', '0'] });
  [first, second] = servers as [RedisServer, RedisServer];
  await second.command('REPLICAOF', '127.0.0.1', first.port);
  await until('the replica follows', async () =>
    String(await second.command('INFO', 'replication')).includes('master_link_status:up'),
  );
  name = await TcpProxy.start(first.port);
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
  await name.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

function open(): LockService {
  const service = createLockService({
    nodes: [name.url],
    restartGuard: false,
    shutdownTimeout: 100,
    defaults: { outageWait: 30_000 },
  });
  services.push(service);
  return service;
}

/** A planned one: nothing that the old master has granted is missing at the new one. */
async function failOver(): Promise<void> {
  await until('the replica has everything', async () => (await offset(first)) === (await offset(second)));
  await second.command('REPLICAOF', 'NO', 'ONE');
  await first.command('REPLICAOF', '127.0.0.1', second.port);
}

async function offset(server: RedisServer): Promise<string | undefined> {
  return /^master_repl_offset:(\d+)/m.exec(String(await server.command('INFO', 'replication')))?.[1];
}

it('a node finds the new master although its old one lives on, and the name leads there for a while', async () => {
  const locks = open();
  await locks.withLock('a', { wait: 10_000 }, () => undefined);

  await failOver();
  await expect(locks.tryAcquire('a')).rejects.toMatchObject({ code: 'LOCK_UNAVAILABLE' });
  const tries = name.accepted + 3;
  await until('it has tried the old place several times', () => name.accepted >= tries);
  name.targetPort = second.port;

  const lock = await locks.acquire('a', { wait: 10_000 });
  expect(await second.command('GET', 'lock:a')).toBe(lock.ownerToken);
});

it('a node whose name leads to a replica from the start finds the master, and says what it found until then', async () => {
  name.targetPort = second.port;
  const locks = open();
  const events: LockEvent[] = [];
  locks.events$.subscribe((event) => events.push(event));
  await until('it is down', () => events.some(({ type }) => type === 'node-down'));

  name.targetPort = first.port;

  await locks.withLock('a', { wait: 10_000 }, () => undefined);
  const down = events.find((event) => event.type === 'node-down');
  expect(down?.error?.message).toContain('replica');
});

it('those who wait hear of releases at the new master after a failover', async () => {
  const [holder, waiter] = [open(), open()];
  const lock = await holder.acquire('a', { wait: 10_000, ttl: 30_000 });
  const waiting = waiter.acquire('a', { wait: 30_000, ttl: 30_000 });
  await until('it listens at the old master', async () => (await listening(first, 'lock:a')) === 1);

  name.targetPort = second.port;
  await failOver();
  // Whoever writes to the old master learns of it; nobody closes the connections that only listen.
  for (const service of [holder, waiter]) {
    await service.tryAcquire('b').then(
      (other) => other?.release(),
      () => undefined,
    );
  }

  await until('it listens at the new master', async () => (await listening(second, 'lock:a')) === 1);
  expect(await listening(first, 'lock:a')).toBe(0);
  const tries = await setsSince(second);
  await lock.release();
  await (await waiting).release();
  expect(await tries()).toBeLessThan(10);
});

it('what is heard at another server than the one that tells of releases counts as nothing heard', async () => {
  const other = await RedisServer.start();
  servers.push(other);
  const [holder, waiter] = [open(), open()];
  const lock = await holder.acquire('a', { wait: 10_000, ttl: 30_000 });
  await waiter.tryAcquire('a');
  // As a balancer that spreads connections over servers: those that listen lead elsewhere from here on.
  name.targetPort = other.port;

  const waiting = waiter.acquire('a', { wait: 30_000, ttl: 30_000 });
  await until('it has tried to listen there', async () =>
    String(await other.command('INFO', 'stats')).includes('total_connections_received:'),
  );
  const tries = await setsSince(first);
  await until('it asks again and again', async () => (await tries()) >= 5);
  name.targetPort = first.port;
  await until('it listens where releases are told', async () => (await listening(first, 'lock:a')) === 1);
  await lock.release();
  await (await waiting).release();

  expect(await listening(other, 'lock:a')).toBe(0);
});

/** How many SET and scripts a server has run from now on. */
async function setsSince(server: RedisServer): Promise<() => Promise<number>> {
  const read = async () => {
    const stats = String(await server.command('INFO', 'commandstats'));
    return [...stats.matchAll(/cmdstat_(?:set|evalsha):calls=(\d+)/g)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    );
  };
  const before = await read();
  return async () => (await read()) - before;
}
