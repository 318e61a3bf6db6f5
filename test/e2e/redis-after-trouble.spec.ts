import { createLockService, type LockService } from '../../lib';
import { commandCounts } from '../helpers/command-counts';
import { untilWaitedFor } from '../helpers/listening';
import { networkForEachTest } from '../helpers/network';
import type { TcpProxy } from '../helpers/tcp-proxy';
import { until } from '../helpers/until';
import { untilAllAnswer } from '../helpers/until-all-answer';
import { requestsIn, untilQuiet } from '../helpers/until-quiet';
import { watch } from '../helpers/watch';

/** Trouble passes. What it leaves in a process must not make its locks any dearer: not for a while, and not for ever. */

const CYCLES = 50;
const WAIT_MS = 30_000;

const { servers, proxies, services } = networkForEachTest();

/** A process of its own, as far as Redis can tell, behind a network that can be made to fail. */
function open(): LockService {
  const service = createLockService({
    nodes: proxies.map(({ url }) => url),
    shutdownTimeout: 100,
    defaults: { wait: WAIT_MS },
  });
  services.push(service);
  return service;
}

async function openUp(): Promise<LockService> {
  const service = open();
  await untilAllAnswer(service);
  return service;
}

/** `ours` sleeps until `theirs` releases a lock, and has something happen meanwhile. */
async function waitForOthers(ours: LockService, theirs: LockService, meanwhile?: () => void): Promise<void> {
  const lock = await theirs.acquire('a');
  const waiting = ours.acquire('a');
  await untilWaitedFor(servers, 'a');
  await untilQuiet(servers);
  meanwhile?.();
  await lock.release();
  await (await waiting).release();
}

async function cycles(service: LockService, count: number, resource = 'a'): Promise<void> {
  for (let cycle = 0; cycle < count; cycle++) await (await service.acquire(resource)).release();
}

/** Each lock asks each server twice, to take it and to give it back, and nobody has to listen for it. */
async function expectNoMoreThanEver(service: LockService): Promise<void> {
  // Without a rest, in which much would be forgotten.
  const before = await Promise.all(servers.map((server) => commandCounts(server)));
  await cycles(service, CYCLES);
  await untilQuiet(servers);

  for (const [position, server] of servers.entries()) {
    const counts = await commandCounts(server, before[position]);
    // None and exactly twice, if the machine lets this process run; what trouble left comes back in every cycle.
    expect(counts['subscribe'] ?? 0).toBeLessThan(CYCLES / 3);
    expect(requestsIn(counts)).toBeGreaterThan(1.5 * CYCLES);
    expect(requestsIn(counts)).toBeLessThan(2.5 * CYCLES);
    expect(await server.command('DBSIZE')).toBe(0);
    expect(await server.command('PUBSUB', 'CHANNELS')).toEqual([]);
  }
}

it('a lock in calm asks each server twice', async () => {
  const service = await openUp();

  await expectNoMoreThanEver(service);
});

describe('a lock costs what it did before, after', () => {
  it('it was asked for when nothing was connected yet', async () => {
    const service = open();
    await cycles(service, 2);

    await expectNoMoreThanEver(service);
  });

  it('another process held it', async () => {
    const [ours, theirs] = [await openUp(), await openUp()];
    await waitForOthers(ours, theirs);

    await expectNoMoreThanEver(ours);
  });

  it('many of two processes wanted it', async () => {
    const [ours, theirs] = [await openUp(), await openUp()];
    const workers = [ours, theirs].flatMap((service) => Array.from({ length: 8 }, () => cycles(service, 10)));
    await Promise.all(workers);

    await expectNoMoreThanEver(ours);
    await expectNoMoreThanEver(theirs);
  });

  it('those who wanted it gave up', async () => {
    const [ours, theirs] = [await openUp(), await openUp()];
    const lock = await theirs.acquire('a');
    const signal = AbortSignal.timeout(100);
    const gone = [
      watch(ours.acquire('a', { wait: 60 })),
      watch(ours.acquire('a', { signal })),
      watch(ours.acquire(['b', 'a'], { signal })),
    ];
    await until('all of them gave up', () => gone.every(({ state }) => state === 'rejected'));
    await lock.release();

    await expectNoMoreThanEver(ours);
  });

  it('it was taken from its holder', async () => {
    const service = await openUp();
    const lock = await service.acquire('a', { ttl: 1_500 });
    await Promise.all(servers.map((server) => server.command('DEL', 'lock:a')));
    await until('it is lost', () => !lock.isHeld);
    const forced = await service.acquire('a');
    await service.forceRelease('a');
    await forced.release();

    await expectNoMoreThanEver(service);
  });

  it.each(['drop-requests', 'drop-replies'] as const)('a node was silent (%s)', async (mode) => {
    const service = await openUp();
    const [proxy] = proxies as [TcpProxy];
    await proxy.setMode(mode);
    await cycles(service, 20);
    await proxy.setMode('pass');
    proxy.reset();
    await untilAllAnswer(service);

    await expectNoMoreThanEver(service);
  });

  it('all connections broke, with locks held and waited for', async () => {
    const [ours, theirs] = [await openUp(), await openUp()];
    await waitForOthers(ours, theirs, () => {
      for (const proxy of proxies) proxy.reset();
    });
    await untilAllAnswer(ours);

    await expectNoMoreThanEver(ours);
  });

  it('callers of one process handed it to each other', async () => {
    const service = await openUp();
    await Promise.all(Array.from({ length: 20 }, () => cycles(service, 5)));

    await expectNoMoreThanEver(service);
  });

  it('it had a fencing token, and one that was refused', async () => {
    const [ours, theirs] = [await openUp(), await openUp()];
    const fenced = (service: LockService) =>
      Promise.all(
        Array.from({ length: 5 }, async () => (await service.acquire('b', { fencing: true })).release()),
      );
    await Promise.all([fenced(ours), fenced(theirs)]);
    await Promise.all(servers.map((server) => server.command('FLUSHALL')));

    await expectNoMoreThanEver(ours);
  });
});
