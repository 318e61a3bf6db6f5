import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLockService, type LockEvent, type LockService, type RedlockOptions } from '../../lib';
import { buildClockShim, movableClock } from '../chaos/clock-shim';
import { RedisServer, type RedisServerOptions } from '../helpers/redis-server';
import { TcpProxy } from '../helpers/tcp-proxy';
import { until } from '../helpers/until';
import { untilAllAnswer } from '../helpers/until-all-answer';

/** Small, so that a guard is over soon; servers say how long they run in whole seconds. */
const MAX_TTL_MS = 3_000;

const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-guard-'));
const clockShim = buildClockShim(join(__dirname, '..', 'chaos', 'clock-shim.c'), directory);
if (clockShim === undefined)
  console.warn('No clock of a server can be moved here: that takes Linux and gcc.');

const ended: (() => unknown)[] = [];

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  ended.push(() => server.stop());
  return server;
}

function startThree(): Promise<RedisServer[]> {
  return Promise.all([start(), start(), start()]);
}

/** A process, so to speak. */
function open(nodes: readonly string[], options: Partial<RedlockOptions> = {}) {
  const service = createLockService({
    nodes: [...nodes],
    maxTtl: MAX_TTL_MS,
    defaults: { ttl: 2_000 },
    shutdownTimeout: 0,
    ...options,
  });
  ended.push(() => service.close());
  const events: LockEvent[] = [];
  service.events$.subscribe((event) => events.push(event));
  const told = (type: LockEvent['type'], node: string) =>
    events.some((event) => event.type === type && 'node' in event && event.node === node);
  return { service, events, told };
}

/** The reason for which each node is guarded. */
async function guards({ service }: { service: LockService }): Promise<(string | undefined)[]> {
  const { nodes } = await service.inspect('nothing');
  return nodes.map(({ guarded }) => guarded?.reason);
}

const nameOf = ({ port }: RedisServer) => `127.0.0.1:${port}`;

async function untilRunningFor(server: RedisServer, seconds: number): Promise<void> {
  await until(`${server.url} runs for ${seconds} s`, async () => {
    const info = String(await server.command('INFO', 'server'));
    return Number(/uptime_in_seconds:(\d+)/.exec(info)?.[1]) >= seconds;
  });
}

describe('a master that is killed and comes back empty', () => {
  it('grants nothing to those who saw it, nor to a new process, until what it forgot is over', async () => {
    const servers = await startThree();
    const urls = servers.map(({ url }) => url);
    const [first, second, third] = servers as [RedisServer, RedisServer, RedisServer];
    const ours = open(urls);
    await untilAllAnswer(ours.service);
    await Promise.all(servers.map((server) => untilRunningFor(server, 3)));
    // Held on two of them.
    await third.kill();
    await until('it is noticed', () => ours.told('node-down', nameOf(third)));
    const held = await ours.service.acquire('order:7', { ttl: MAX_TTL_MS, autoExtend: false });
    await third.restart();
    await second.restart();

    const theirs = open(urls);
    await untilAllAnswer(theirs.service);
    await until('we are connected again', () =>
      [second, third].every((server) => ours.told('node-guarded', nameOf(server))),
    );

    expect(await guards(ours)).toEqual([undefined, 'restarted', 'restarted']);
    expect(await guards(theirs)).toEqual([undefined, 'young', 'young']);
    // Two of the three have no key.
    expect(await second.command('EXISTS', 'lock:order:7')).toBe(0);
    expect(await third.command('EXISTS', 'lock:order:7')).toBe(0);
    const next = await theirs.service.acquire('order:7', { wait: 20_000, outageWait: 20_000 });
    expect(held.isHeld).toBe(false);
    expect(next.isHeld).toBe(true);
    await until('they are trusted again', () => ours.told('node-trusted', nameOf(second)));
    expect(await first.command('GET', 'lock:order:7')).not.toBe(held.ownerToken);
  });

  it('is guarded for no longer because of what was kept after a release', async () => {
    const [master] = (await startThree()) as [RedisServer];
    const { service, events, told } = open([master.url]);
    await untilAllAnswer(service);
    const daily = () => service.withLock('report', { wait: 0, holdAtLeast: 23 * 3_600_000 }, () => 'ran');

    const first = await daily();
    const second = await daily().catch((error: unknown) => error);
    await master.restart();
    await until('it is guarded', () => told('node-guarded', nameOf(master)));

    expect(first).toBe('ran');
    expect(second).toMatchObject({ code: 'LOCK_BUSY' });
    const [guard] = events.filter((event) => event.type === 'node-guarded');
    expect(guard?.forMs).toBeLessThanOrEqual(60_000);
  });

  it('votes at once where nothing guards against it, and a warning tells that it will forget', async () => {
    const servers = await startThree();
    const [master] = servers as [RedisServer];
    const { service, events, told } = open(
      servers.map(({ url }) => url),
      { restartGuard: false },
    );
    await untilAllAnswer(service);

    await master.restart();
    await until('it was down', () => told('node-down', nameOf(master)));
    await untilAllAnswer(service);

    expect(await guards({ service })).toEqual([undefined, undefined, undefined]);
    expect(events.filter(({ type }) => type === 'node-guarded')).toEqual([]);
    const warnings = events.filter((event) => event.type === 'node-warning' && event.node === nameOf(master));
    expect(warnings).toEqual([expect.objectContaining({ warning: 'no-persistence' })]);
  });
});

describe('a server', () => {
  it('that is listed under two names has one vote', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    const alias = await TcpProxy.start(one.port);
    ended.push(() => alias.stop());
    const ours = open([one.url, alias.url, other.url]);
    await untilAllAnswer(ours.service);

    expect(await guards(ours)).toEqual([undefined, 'duplicate', undefined]);
    const lock = await ours.service.acquire('order:7', { fencing: true });
    await other.kill();

    await expect(ours.service.tryAcquire('order:8')).rejects.toThrow(/the same server as an earlier node/);
    expect(await lock.release()).toBe('unknown');
  });

  it('that is a replica is refused, and taken when it becomes a master', async () => {
    const master = await start();
    const replica = await start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    const { service, events } = open([replica.url]);

    await until('it is refused', () => events.some(({ type }) => type === 'node-down'));
    await expect(service.tryAcquire('order:7')).rejects.toThrow(/is a replica; list masters only/);
    await replica.command('REPLICAOF', 'NO', 'ONE');

    const lock = await service.acquire('order:7', { wait: 20_000, outageWait: 20_000 });
    expect(lock.isHeld).toBe(true);
  });

  it('that was made a replica for a moment has forgotten its locks, and is guarded', async () => {
    const servers = await startThree();
    const [first, , last] = servers as [RedisServer, RedisServer, RedisServer];
    const proxy = await TcpProxy.start(first.port);
    ended.push(() => proxy.stop());
    const { service: cutOff } = open([proxy.url, ...servers.slice(1).map(({ url }) => url)]);
    const ours = open(servers.map(({ url }) => url));
    await untilAllAnswer(cutOff);
    await untilAllAnswer(ours.service);
    await proxy.setMode('refuse');
    proxy.reset();
    const held = await cutOff.acquire('order:7', { autoExtend: false, ttl: 2_900 });

    await last.command('REPLICAOF', '127.0.0.1', String(first.port));
    await until('it is seen', async () => {
      await ours.service.tryAcquire('another').catch(() => undefined);
      return ours.told('node-down', nameOf(last));
    });
    await last.command('REPLICAOF', 'NO', 'ONE');
    await until('it is guarded', () => ours.told('node-guarded', nameOf(last)));

    const other = await ours.service.tryAcquire('order:7').catch(() => null);
    expect([held.isHeld && other !== null, ours.told('node-trusted', nameOf(last))]).toEqual([false, false]);
  });

  it('that may remove keys is warned about once, however often it connects', async () => {
    const server = await start({ args: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'] });
    const ours = open([server.url]);
    await untilAllAnswer(ours.service);

    await server.restart();
    await until('it was down', () => ours.told('node-down', nameOf(server)));
    await untilAllAnswer(ours.service);

    expect(ours.events.filter(({ type }) => type === 'node-warning')).toEqual([
      {
        type: 'node-warning',
        node: nameOf(server),
        warning: 'eviction',
        message: `${nameOf(server)} may remove locks when its memory is full (maxmemory-policy allkeys-lru). Set noeviction.`,
      },
    ]);
  });
});

(clockShim === undefined ? describe.skip : describe)('a server whose clock is set forward', () => {
  it('is guarded within seconds, though nobody locks anything, and goes on confirming what it has', async () => {
    const clock = movableClock(clockShim as string, join(directory, 'clock'));
    const jumping = await start({ env: clock.env });
    const ours = open([jumping.url], { maxTtl: 1_500, defaults: { ttl: 1_200 } });
    await untilAllAnswer(ours.service);
    const lock = await ours.service.acquire('order:7');

    clock.jump(400);
    await until('it is noticed', () => ours.told('node-guarded', nameOf(jumping)));

    expect(await guards(ours)).toEqual(['clock']);
    await expect(ours.service.tryAcquire('order:8')).rejects.toThrow(/the clock of the server ran ahead/);
    await lock.extend();
    expect(await lock.release()).toBe('released');
    const next = await ours.service.acquire('order:8', { wait: 20_000 });
    expect(next.isHeld).toBe(true);
  });
});
