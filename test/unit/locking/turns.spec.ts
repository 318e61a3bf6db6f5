import type { LockOptions } from '../../../lib/locking/api/lock-options';
import type { HeldLock } from '../../../lib/locking/holding/held-lock';
import type { LockNode, ReleaseSubscription } from '../../../lib/ports/lock-node.interface';
import { Fleet } from '../../helpers/fleet';
import { watch, type Watched } from '../../helpers/watch';

const WAITING: LockOptions & { limit: number } = { limit: 2, wait: 60_000 };

/** So many processes that wait for a permit, in this order. */
async function inLine(fleet: Fleet, count: number, options = WAITING): Promise<Watched<HeldLock>[]> {
  const waiters: Watched<HeldLock>[] = [];
  for (let i = 0; i < count; i++) {
    waiters.push(watch(fleet.process().manager.acquire('api', options)));
    await fleet.clock.advance(20);
  }
  return waiters;
}

const held = (waiters: readonly Watched<HeldLock>[]) => waiters.map(({ value }) => value?.isHeld === true);

/** Permits on one node that nobody else knows of. */
function fill(node: LockNode, ...slots: number[]): void {
  for (const slot of slots)
    node.acquire(
      {
        ...{ resources: ['api'], ownerToken: `stray-${slot}`, ttlMs: 60_000, askHolderTtl: false },
        limit: { limit: 2, permits: 1, start: slot, exact: [slot] },
      },
      () => undefined,
    );
}

describe('those who wait in line for permits', () => {
  it('do not ask when it is the turn of others', async () => {
    const fleet = new Fleet(3);
    const holders = await Promise.all([1, 2].map(() => fleet.process().manager.acquire('api', WAITING)));
    const waiters = await inLine(fleet, 6);
    const before = fleet.nodes.map((node) => node.count('acquire'));

    await holders[0]?.release();
    await fleet.clock.advance(40);

    expect(held(waiters)).toEqual([true, false, false, false, false, false]);
    // Whatever refreshes its place meanwhile comes besides.
    const asked = fleet.nodes.map((node, position) => node.count('acquire') - (before[position] ?? 0));
    expect(Math.max(...asked)).toBeLessThanOrEqual(2);
  });

  it('go on one after another as permits are released, each in its turn', async () => {
    const fleet = new Fleet(3);
    const holders: (HeldLock | undefined)[] = await Promise.all(
      [1, 2].map(() => fleet.process().manager.acquire('api', WAITING)),
    );
    const waiters = await inLine(fleet, 4);

    for (let turn = 1; turn <= 4; turn++) {
      await holders.shift()?.release();
      await fleet.clock.advance(20);
      expect(waiters.map(({ state }) => state === 'resolved')).toEqual(
        [1, 2, 3, 4].map((place) => place <= turn),
      );
      holders.push(waiters[turn - 1]?.value);
    }
  });

  it('go on although no message comes, and in the order of the line', async () => {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes)
      jest.spyOn(node, 'onReleased').mockImplementation((): ReleaseSubscription => ({
        isHeard: true,
        callsInTurn: true,
        stop: () => undefined,
      }));
    const holders = await Promise.all([1, 2].map(() => fleet.process().manager.acquire('api', WAITING)));
    const waiters = await inLine(fleet, 2);

    await holders[0]?.release();
    await fleet.clock.advance(450);
    expect(held(waiters)).toEqual([true, false]);
    await holders[1]?.release();
    await fleet.clock.advance(450);

    expect(held(waiters)).toEqual([true, true]);
  });

  it('wait for no longer than a second and a half for one before them whose process has died', async () => {
    const fleet = new Fleet(3);
    const holders = await Promise.all([1, 2].map(() => fleet.process().manager.acquire('api', WAITING)));
    const dead = fleet.process();
    void watch(dead.manager.acquire('api', WAITING));
    await fleet.clock.advance(20);
    const entry = fleet.node(0).sent.findLast(({ request }) => 'line' in request && 'limit' in request);
    await dead.manager.close(0);
    // What stands in the line on the nodes is nobody's.
    for (const node of fleet.nodes)
      node.acquire(
        { ...(entry?.request as Parameters<LockNode['acquire']>[0]), ownerToken: 'dead' },
        () => undefined,
      );
    const [live] = await inLine(fleet, 1);

    await holders[0]?.release();
    await fleet.clock.advance(500);
    expect(live?.state).toBe('pending');
    await fleet.clock.advance(1_000);

    expect(live?.value?.isHeld).toBe(true);
    await holders[1]?.release();
  });

  it('hear of each release while one holds it alone, who may have looked at no line', async () => {
    const fleet = new Fleet(3);
    const alone = await fleet.process().manager.acquire('api');
    const [waiter] = await inLine(fleet, 1);

    await alone.release();
    await fleet.clock.advance(20);

    expect(waiter?.value?.isHeld).toBe(true);
  });

  it('count the releases themselves where a node tells of each', async () => {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) {
      const plain = node.onReleased.bind(node);
      jest.spyOn(node, 'onReleased').mockImplementation((resource, wake) => plain(resource, wake));
    }
    const holders = await Promise.all([1, 2].map(() => fleet.process().manager.acquire('api', WAITING)));
    const waiters = await inLine(fleet, 3);

    await holders[0]?.release();
    await fleet.clock.advance(40);
    await holders[1]?.release();
    await fleet.clock.advance(40);

    expect(held(waiters)).toEqual([true, true, false]);
  });
});

describe('an attempt in line that is decided before the last node has answered', () => {
  /** The leading node is the slowest. */
  function slowLeader(): Fleet {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) node.latencyMs = 2;
    fleet.node(0).latencyMs = 4;
    return fleet;
  }

  it('takes the ticket from its answer, and asks it to clean up nothing that it denied', async () => {
    const fleet = slowLeader();
    for (const node of fleet.nodes) fill(node, 0, 1);
    await fleet.clock.advance(20);
    const before = fleet.node(0).sent.length;

    const waiter = watch(fleet.process().manager.acquire('api', WAITING));
    await fleet.clock.advance(100);

    const verbs = fleet
      .node(0)
      .sent.slice(before)
      .map(({ verb }) => verb);
    // Of the first attempt nobody knows yet whether there will be another one.
    expect(verbs).toEqual(['acquire', 'release', 'acquire', 'acquire']);
    expect((await fleet.node(0).owner('api'))?.waiting).toBe(1);
    expect(waiter.state).toBe('pending');
  });

  it('releases what it grants after all, and keeps its place there', async () => {
    const fleet = slowLeader();
    for (const node of fleet.nodes) fill(node, 0, 1);
    await fleet.clock.advance(20);
    void watch(fleet.process().manager.acquire('api', WAITING));
    await fleet.clock.advance(100);

    fleet
      .node(0)
      .release(
        { resources: ['api'], ownerToken: 'stray-0', slots: [0], ttlMs: 1_000, wakeWaiters: false },
        () => undefined,
      );
    await fleet.clock.advance(1_000);

    const { members = [], waiting } = (await fleet.node(0).owner('api')) ?? {};
    expect([members.map(({ ownerToken }) => ownerToken), waiting]).toEqual([['stray-1'], 1]);
  });

  it('keeps no place where a later attempt was granted before', async () => {
    const fleet = new Fleet(2);
    const [fast, slow] = [fleet.node(0), fleet.node(1)];
    [fast.latencyMs, slow.latencyMs] = [2, 6];
    const stray = { resources: ['report'], ownerToken: 'stray', ttlMs: 60_000 };
    fast.acquire({ ...stray, askHolderTtl: false }, () => undefined);
    await fleet.clock.advance(20);

    // The fast node denies, and tells of a release before the slow node has said that it granted.
    const reader = watch(fleet.process().manager.acquire('report', { mode: 'shared', wait: 60_000 }));
    await fleet.clock.advance(4);
    fast.release({ ...stray, wakeWaiters: true }, () => undefined);
    await fleet.clock.advance(30);

    expect(reader.value?.isHeld).toBe(true);
    expect((await slow.owner('report'))?.waiting ?? 0).toBe(0);
  });

  it('cleans up where the answer was lost', async () => {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) fill(node, 0, 1);
    void watch(fleet.process().manager.acquire('api', WAITING));
    await fleet.clock.advance(20);
    const votes: Parameters<LockNode['acquire']>[1][] = [];
    jest.spyOn(fleet.node(2), 'acquire').mockImplementation((_request, vote) => votes.push(vote));
    await fleet.clock.advance(450);
    const before = fleet.node(2).count('release');

    for (const vote of votes) vote({ kind: 'failed', error: new Error('the connection broke') });
    await fleet.clock.advance(10);

    expect(fleet.node(2).count('release') - before).toBe(votes.length);
    expect(votes.length).toBeGreaterThan(0);
  });

  it('leaves the line where it is denied after it has won', async () => {
    const fleet = slowLeader();
    fill(fleet.node(0), 0, 1);
    const other = watch(fleet.process().manager.acquire('api', { limit: 2, permits: 2 }));
    await fleet.clock.advance(20);
    const [waiter] = await inLine(fleet, 1);
    await fleet.clock.advance(100);

    void other.value?.release();
    await fleet.clock.advance(200);

    expect(waiter?.value?.isHeld).toBe(true);
    expect((await fleet.node(0).owner('api'))?.waiting ?? 0).toBe(0);
  });
});
