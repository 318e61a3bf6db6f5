import type { ExtendRequest } from '../../../lib/ports/lock-node.interface';
import type { LockOptions } from '../../../lib/locking/api/lock-options';
import { Fleet } from '../../helpers/fleet';

/** Won on the first two nodes, since somebody who asked at the same moment had the third. */
async function wonOnTwo(options: LockOptions, otherMs = 5) {
  const fleet = new Fleet(3);
  const other = { resources: ['job'], ownerToken: 'other', ttlMs: otherMs, askHolderTtl: false };
  fleet.node(2).acquire(other, () => undefined);
  const { manager } = fleet.process();
  const lock = await manager.acquire('job', options);
  await fleet.clock.advance(10);
  return { fleet, manager, lock };
}

const ttlOf = (request: object) => (request as ExtendRequest).ttlMs;

describe('what a release keeps', () => {
  it.each([
    ['a lock', {}],
    ['a permit', { limit: 1 }],
  ])('is on all nodes, also on one that missed the grant of %s', async (_, kind) => {
    const { fleet, lock } = await wonOnTwo({ ...kind, holdAtLeast: 60_000 });
    await lock.release();
    await fleet.clock.advance(30_000);

    // One of those that granted forgets everything.
    await fleet.node(0).steal('job');
    expect(await fleet.process().service.tryAcquire('job', kind)).toBeNull();
    await fleet.clock.advance(30_000);
    expect((await fleet.process().service.tryAcquire('job', kind))?.isHeld).toBe(true);
  });

  it('is put on a node a little later, where another caller of that moment still had it', async () => {
    const { fleet, lock } = await wonOnTwo({ holdAtLeast: 60_000 }, 200);
    await lock.release();
    await fleet.clock.advance(2_000);

    expect(await fleet.owners('job')).toEqual(Array.from({ length: 3 }, () => lock.ownerToken));
    await fleet.clock.advance(58_000);
    expect(await fleet.owners('job')).toEqual([null, null, null]);
    expect(fleet.clock.pendingTimers).toBe(0);
  });

  it('is not put back a little later where somebody has removed it by force', async () => {
    const { fleet, manager, lock } = await wonOnTwo({ holdAtLeast: 60_000 }, 200);
    await lock.release();
    await manager.forceRelease('job');
    await fleet.clock.advance(2_000);

    expect(await fleet.owners('job')).toEqual([null, null, null]);
  });

  it('ends when it was to end, where the ttl that the nodes had was longer', async () => {
    const { fleet, lock } = await wonOnTwo({ ttl: 30_000, holdAtLeast: 1_000 });
    await lock.release();
    await fleet.clock.advance(1_001);

    expect(await fleet.owners('job')).toEqual([null, null, null]);
  });

  it('is put nowhere after a loss: somebody else may have it', async () => {
    const { fleet, manager, lock } = await wonOnTwo({ ttl: 1_000, holdAtLeast: 60_000 });
    await manager.forceRelease('job');
    await fleet.process().manager.acquire('job', { ttl: 30_000, autoExtend: false });
    await fleet.clock.advance(1_000);

    expect(lock.lossError).toMatchObject({ reason: 'gone' });
    const longest = fleet.node(2).sent.map(({ verb, request }) => (verb === 'extend' ? ttlOf(request) : 0));
    expect(Math.max(...longest)).toBe(1_000);
  });

  it('asks no node twice where nothing is kept', async () => {
    const { fleet, lock } = await wonOnTwo({});
    const before = fleet.node(0).sent.length;
    await lock.release();

    expect(fleet.node(0).sent.length - before).toBe(1);
  });
});
