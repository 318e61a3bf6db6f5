import { LockBusyError } from '../../../lib/errors/lock-busy.error';
import { Fleet } from '../../helpers/fleet';
import { watch } from '../../helpers/watch';

/** Somebody who asks at the same moment, got this node, and gives it back after `ttlMs`. */
function takeOne(fleet: Fleet, position: number, ttlMs: number, resource = 'job'): void {
  const ownerToken = `caller-${position}`;
  const request = { resources: [resource], ownerToken, ttlMs, askHolderTtl: false };
  fleet.node(position).acquire(request, () => undefined);
}

const attempts = (fleet: Fleet) => fleet.node(0).count('acquire');

describe('a caller that does not wait, whose votes are split', () => {
  it.each([
    ['acquire', (fleet: Fleet) => fleet.process().service.acquire('job', { wait: 0 })],
    ['tryAcquire', (fleet: Fleet) => fleet.process().service.tryAcquire('job')],
    [
      'acquire with a default',
      (fleet: Fleet) => fleet.process({ defaults: { wait: 0 } }).service.acquire('job'),
    ],
  ])('gets the lock by %s, since nobody has it', async (_, ask) => {
    const fleet = new Fleet(3);
    takeOne(fleet, 1, 2);
    takeOne(fleet, 2, 2);
    const asked = watch(ask(fleet));
    await fleet.clock.advance(100);

    expect(asked.value?.isHeld).toBe(true);
    expect(await fleet.owners('job')).toEqual(Array.from({ length: 3 }, () => asked.value?.ownerToken));
  });

  it('gets a permit', async () => {
    const fleet = new Fleet(3);
    takeOne(fleet, 1, 2);
    takeOne(fleet, 2, 2);
    const asked = watch(fleet.process().service.tryAcquire('job', { limit: 2 }));
    await fleet.clock.advance(100);

    expect(asked.value?.slots).toHaveLength(1);
  });

  it('asks again also where the leading node denied it alone: the other one may fail', async () => {
    const fleet = new Fleet(3);
    for (const position of [0, 1, 2]) takeOne(fleet, position, position === 0 ? 4 : 2);
    await fleet.node(2).steal('job');
    const asked = watch(fleet.process().service.tryAcquire('job'));
    await fleet.clock.advance(100);

    expect(asked.value?.isHeld).toBe(true);
  });

  it('is told at once that it is busy where a majority has a holder, whoever granted besides', async () => {
    const fleet = new Fleet(3);
    await fleet.process().manager.acquire('job', { ttl: 60_000 });
    await fleet.node(0).steal('job');
    const before = attempts(fleet);
    const asked = watch(fleet.process().service.acquire('job', { wait: 0 }));
    await fleet.clock.advance(1);

    expect(asked.error).toBeInstanceOf(LockBusyError);
    expect(attempts(fleet) - before).toBe(1);
  });

  it('is told that it is busy within two node timeouts where it stays like that', async () => {
    const fleet = new Fleet(3);
    takeOne(fleet, 1, 60_000);
    takeOne(fleet, 2, 60_000);
    const asked = watch(fleet.process({ nodeTimeoutMs: 100 }).service.acquire('job', { wait: 0 }));
    await fleet.clock.advance(200);

    expect(asked.error).toBeInstanceOf(LockBusyError);
    expect((asked.error as LockBusyError).waitedMs).toBeLessThan(150);
    expect(attempts(fleet)).toBeLessThan(10);
    expect(await fleet.owners('job')).toEqual([null, 'caller-1', 'caller-2']);
  });

  it('gets the lock where the first attempt waited for a silent node all the time', async () => {
    const fleet = new Fleet(3);
    takeOne(fleet, 1, 505);
    fleet.node(2).fault = 'stalled';
    const asked = watch(fleet.process().service.tryAcquire('job'));
    await fleet.clock.advance(1_500);

    expect(asked.value?.isHeld).toBe(true);
    expect((await fleet.owners('job')).slice(0, 2)).toEqual([
      asked.value?.ownerToken,
      asked.value?.ownerToken,
    ]);
  });

  it('does not ask for ever where the nodes answer at once', async () => {
    const fleet = new Fleet(3);
    takeOne(fleet, 1, 60_000);
    takeOne(fleet, 2, 60_000);
    const asked = watch(fleet.process({ nodeTimeoutMs: 5_000 }).service.acquire('job', { wait: 0 }));
    await fleet.clock.advance(5_000);

    expect(asked.error).toBeInstanceOf(LockBusyError);
    expect(attempts(fleet)).toBe(9);
  });

  it('leaves when it is cancelled, and leaves nothing', async () => {
    const fleet = new Fleet(3);
    takeOne(fleet, 1, 60_000);
    takeOne(fleet, 2, 60_000);
    const leaving = new AbortController();
    const asked = watch(fleet.process().service.acquire('job', { wait: 0, signal: leaving.signal }));
    await fleet.clock.advance(5);
    leaving.abort(new Error('left'));
    await fleet.clock.advance(100);

    expect(asked.error).toMatchObject({ message: 'left' });
    expect(await fleet.owners('job')).toEqual([null, 'caller-1', 'caller-2']);
  });

  it('waits no longer than it said where its time is over after more than nodeTimeout', async () => {
    const fleet = new Fleet(3);
    takeOne(fleet, 1, 60_000);
    takeOne(fleet, 2, 60_000);
    const asked = watch(fleet.process().service.acquire('job', { wait: 2_000 }));
    await fleet.clock.advance(2_000);

    expect((asked.error as LockBusyError).waitedMs).toBe(2_000);
  });
});
