import type { LockOptions } from '../../../lib/locking/api/lock-options';
import type { HeldLock } from '../../../lib/locking/holding/held-lock';
import type { Watched } from '../../helpers/watch';
import { Fleet } from '../../helpers/fleet';
import { watch } from '../../helpers/watch';

const slotsOf = (locks: readonly HeldLock[]) => locks.flatMap(({ slots }) => slots).sort((a, b) => a - b);

describe('permits', () => {
  it('are as many as the limit, each of another number, in several processes', async () => {
    const fleet = new Fleet(3, { fraction: () => 0.9 });
    const locks = await Promise.all(
      Array.from({ length: 5 }, () => fleet.process().manager.acquire('api', { limit: 5 })),
    );

    const sixth = watch(fleet.process().manager.acquire('api', { limit: 5, wait: 0 }));
    await fleet.clock.advance(1);

    expect(slotsOf(locks)).toEqual([0, 1, 2, 3, 4]);
    expect(locks[0]?.mode).toBe('limited');
    expect(sixth.error).toMatchObject({ code: 'LOCK_LIMIT', limit: 5, permits: 1, reason: 'limit' });
    await Promise.all(locks.map((lock) => lock.release()));
    expect(await fleet.owners('api')).toEqual([null, null, null]);
  });

  it('of one process are held at the same time too', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();

    const locks = await Promise.all(Array.from({ length: 3 }, () => manager.acquire('api', { limit: 3 })));
    const fourth = watch(manager.acquire('api', { limit: 3 }));
    await fleet.clock.advance(100);
    expect(slotsOf(locks)).toEqual([0, 1, 2]);
    expect(fourth.state).toBe('pending');

    await locks[1]?.release();
    await fleet.clock.advance(50);

    expect(fourth.value?.slots).toEqual(locks[1]?.slots);
  });

  it('go from one caller of a process to another without a release in between', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const elsewhere = await fleet.process().manager.acquire('api', { limit: 1 });
    const [one, two, three] = [0, 1, 2].map(() => watch(manager.acquire('api', { limit: 1 })));
    await fleet.clock.advance(100);
    await elsewhere.release();
    await fleet.clock.advance(50);
    expect(one?.state).toBe('resolved');
    const before = fleet.node(0).count('release');

    void one?.value?.release();
    await fleet.clock.advance(1);

    // The first in line has a place in that of the nodes, and keeps it; the next one has asked for nothing so far.
    expect([two?.state, three?.state]).toEqual(['pending', 'resolved']);
    expect(three?.value?.slots).toEqual(one?.value?.slots);
    expect(fleet.node(0).count('release')).toBe(before);
    const holds = await Promise.all(fleet.nodes.map((node) => node.inspect('api')));
    for (const hold of holds) expect(hold?.members).toMatchObject([{ ownerToken: three?.value?.ownerToken }]);
    await three?.value?.release();
    await fleet.clock.advance(50);
    expect(two?.value?.isHeld).toBe(true);
  });

  it('are passed on within a process no more often, all together, than a lock that one has alone', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const elsewhere = await fleet.process().manager.acquire('api', { limit: 4, permits: 4 });
    let began = 0;
    const ours = Array.from({ length: 200 }, async () => {
      const lock = await manager.acquire('api', { limit: 4, wait: 60_000 });
      began += 1;
      await new Promise<void>((resolve) => fleet.clock.schedule(1, resolve));
      await lock.release();
    });
    await fleet.clock.advance(100);
    await elsewhere.release();
    // All permits are ours by now.
    await fleet.clock.advance(1);
    const before = began;

    const theirs = watch(fleet.process().manager.acquire('api', { limit: 4, wait: 60_000 }));
    while (theirs.state === 'pending') await fleet.clock.advance(1);

    // Up to 32 times, and not for each of them.
    expect(began - before).toBeLessThan(50);
    await theirs.value?.release();
    await fleet.clock.advance(1_000);
    await Promise.all(ours);
  });

  it('leave nothing behind where several go to others of the process in the same moment', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const elsewhere = await fleet.process().manager.acquire('api', { limit: 3, permits: 3 });
    const all = Array.from({ length: 9 }, () => watch(manager.acquire('api', { limit: 3, ttl: 30_000 })));
    await fleet.clock.advance(100);
    await elsewhere.release();
    await fleet.clock.advance(20);
    const holders = () => all.flatMap(({ value }) => (value?.isHeld === true ? [value] : []));
    expect(slotsOf(holders())).toEqual([0, 1, 2]);
    const released = fleet.node(0).count('release');

    await Promise.all(holders().map((lock) => lock.release()));
    expect(fleet.node(0).count('release')).toBe(released);
    for (let turn = 0; turn < 3; turn++) {
      await fleet.clock.advance(50);
      expect(slotsOf(holders())).toEqual(turn < 2 ? [0, 1, 2] : []);
      await Promise.all(holders().map((lock) => lock.release()));
    }

    expect(await fleet.owners('api')).toEqual([null, null, null]);
  });

  it.each<[string, LockOptions]>([
    ['wants the resource alone', {}],
    ['came first and asked for the order of all processes', { limit: 1, fair: true }],
  ])('go past nobody of the process who %s', async (_, wants) => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const elsewhere = await fleet.process().manager.acquire('api', { limit: 1 });
    const one = watch(manager.acquire('api', { limit: 1 }));
    const front = watch(manager.acquire('api', wants));
    const three = watch(manager.acquire('api', { limit: 1 }));
    await fleet.clock.advance(100);
    await elsewhere.release();
    await fleet.clock.advance(50);
    expect(one.state).toBe('resolved');

    void one.value?.release();
    await fleet.clock.advance(50);

    expect([front.state, three.state]).toEqual(['resolved', 'pending']);
    await front.value?.release();
    await fleet.clock.advance(50);
    expect(three.value?.slots).toEqual([0]);
  });

  it('go past nobody who asked for the order of all processes', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const fair = { limit: 1, fair: true };
    const elsewhere = watch(fleet.process().manager.acquire('api', fair));
    await fleet.clock.advance(1);
    const ours = [0, 1, 2].map(() => watch(manager.acquire('api', fair)));
    await fleet.clock.advance(50);
    const other = watch(fleet.process().manager.acquire('api', fair));
    await fleet.clock.advance(50);

    await elsewhere.value?.release();
    await fleet.clock.advance(50);
    expect(ours[0]?.state).toBe('resolved');
    void ours[0]?.value?.release();
    await fleet.clock.advance(50);

    expect(other.value?.isHeld).toBe(true);
    expect(ours[1]?.state).toBe('pending');
  });

  it('are had by all who do not wait, where there are enough', async () => {
    const fleet = new Fleet(3);
    const { service } = fleet.process();

    const tried = await Promise.all([0, 1, 2].map(() => service.tryAcquire('api', { limit: 2 })));

    expect(tried.filter((lock) => lock !== null)).toHaveLength(2);
  });

  it('are taken several at once, all or none', async () => {
    const fleet = new Fleet(3);
    const three = await fleet.process().manager.acquire('api', { limit: 5, permits: 3 });
    const tooMany = watch(fleet.process().manager.acquire('api', { limit: 5, permits: 3, wait: 0 }));
    const two = watch(fleet.process().manager.acquire('api', { limit: 5, permits: 2, wait: 0 }));
    await fleet.clock.advance(1);

    expect(three.slots).toHaveLength(3);
    expect(tooMany.error).toMatchObject({ code: 'LOCK_LIMIT', permits: 3 });
    expect(slotsOf([three, two.value as HeldLock])).toEqual([0, 1, 2, 3, 4]);
  });

  it('that several want come to who wants many, and not to those who come later', async () => {
    const fleet = new Fleet(3);
    const singles: HeldLock[] = [];
    for (let i = 0; i < 3; i++) singles.push(await fleet.process().manager.acquire('api', { limit: 3 }));
    const big = watch(fleet.process().manager.acquire('api', { limit: 3, permits: 3 }));
    await fleet.clock.advance(100);
    const small = watch(fleet.process().manager.acquire('api', { limit: 3 }));
    await fleet.clock.advance(100);

    await singles[0]?.release();
    await fleet.clock.advance(100);
    expect([big.state, small.state]).toEqual(['pending', 'pending']);
    await Promise.all([singles[1]?.release(), singles[2]?.release()]);
    await fleet.clock.advance(100);

    expect([big.state, small.state]).toEqual(['resolved', 'pending']);
    await big.value?.release();
    await fleet.clock.advance(50);
    expect(small.state).toBe('resolved');
  });

  it('come to all who wait for them when one release brings them at once', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('api', { limit: 4, permits: 4 });
    const wanted = [2, 1, 1].map((permits) =>
      watch(fleet.process().manager.acquire('api', { limit: 4, permits })),
    );
    const all = watch(fleet.process().manager.acquire('api', { limit: 4, permits: 4 }));
    await fleet.clock.advance(100);

    await holder.release();
    // A place in line is refreshed less often than that.
    await fleet.clock.advance(50);

    expect(slotsOf(wanted.flatMap(({ value }) => value ?? []))).toEqual([0, 1, 2, 3]);
    expect(all.state).toBe('pending');
  });

  it('come to one with a smaller limit, although those with a larger one find room beside it', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('api', { limit: 4, permits: 4 });
    const small = watch(fleet.process().manager.acquire('api', { limit: 1 }));
    await fleet.clock.advance(100);

    void holder.release();
    // It comes before the other one has heard of the release.
    const newcomer = watch(fleet.process().manager.acquire('api', { limit: 4, wait: 0 }));
    await fleet.clock.advance(50);

    expect(newcomer.error).toMatchObject({ code: 'LOCK_LIMIT' });
    expect(small.value?.slots).toHaveLength(1);
  });

  it('are excluded by an exclusive holder and by readers, and exclude them only where it is exclusive', async () => {
    const fleet = new Fleet(3);
    const writer = await fleet.process().manager.acquire('api');
    const denied = watch(fleet.process().manager.acquire('api', { limit: 5, wait: 0 }));
    await fleet.clock.advance(1);
    expect(denied.error).toMatchObject({ code: 'LOCK_BUSY', reason: 'held' });
    await writer.release();

    await fleet.process().manager.acquire('api', { limit: 5 });
    const drain = watch(fleet.process().manager.acquire('api', { wait: 100 }));
    await fleet.clock.advance(150);

    expect(drain.error).toMatchObject({ code: 'LOCK_BUSY', reason: 'shared' });
  });

  it('never are more than the largest limit that is asked with', async () => {
    const fleet = new Fleet(3);
    await Promise.all([0, 1, 2].map(() => fleet.process().manager.acquire('api', { limit: 3 })));

    const smaller = watch(fleet.process().manager.acquire('api', { limit: 2, wait: 0 }));
    const larger = watch(fleet.process().manager.acquire('api', { limit: 4, wait: 0 }));
    await fleet.clock.advance(1);

    expect([smaller.state, larger.state]).toEqual(['rejected', 'resolved']);
  });

  it('are kept alive when the limit has been lowered, and lost when their holders are', async () => {
    const fleet = new Fleet(3);
    const lock = await fleet.process().manager.acquire('api', { limit: 3, ttl: 3_000 });
    await fleet.clock.advance(30_000);
    expect(lock.isHeld).toBe(true);

    await fleet.process().manager.forceRelease('api');
    await fleet.clock.advance(1_500);

    expect(lock.lossError).toMatchObject({ reason: 'gone' });
  });

  it('survive a node that is down, and come back whole', async () => {
    const fleet = new Fleet(3);
    fleet.node(0).fault = 'refused';
    const locks = await Promise.all([0, 1].map(() => fleet.process().manager.acquire('api', { limit: 2 })));
    const third = watch(fleet.process().manager.acquire('api', { limit: 2, wait: 0 }));
    await fleet.clock.advance(1);

    expect(slotsOf(locks)).toEqual([0, 1]);
    expect(third.error).toMatchObject({ code: 'LOCK_LIMIT' });
  });

  it('carry numbers that grow, with fencing', async () => {
    const fleet = new Fleet(3);
    const options = { limit: 2, fencing: true };
    const first = await fleet.process().manager.acquire('api', options);
    const second = await fleet.process().manager.acquire('api', options);

    expect(second.fencingToken).toBeGreaterThan(first.fencingToken as number);
  });

  it('are left to another process with their numbers', async () => {
    const fleet = new Fleet(3);
    const lock = await fleet.process().manager.acquire('api', { limit: 4, permits: 2 });
    const { slots } = lock;
    const ticket = await lock.detach();

    const resumed = await fleet.process().manager.resume(JSON.parse(JSON.stringify(ticket)) as typeof ticket);

    expect([resumed.mode, resumed.slots]).toEqual(['limited', slots]);
    expect(await resumed.release()).toBe('released');
    expect(await fleet.owners('api')).toEqual([null, null, null]);
  });
});

describe('nodes that give a caller different permits', () => {
  /** Each node has another permit taken already, by somebody whom the others do not know. */
  async function crossed(): Promise<{ fleet: Fleet; lock: Watched<HeldLock> }> {
    const fleet = new Fleet(3);
    for (const position of [0, 1, 2]) {
      await new Promise((resolve) => {
        const request = {
          ...{ resources: ['api'], ownerToken: `stray-${position}`, ttlMs: 60_000, askHolderTtl: false },
          limit: { limit: 5, permits: 1, start: position, exact: [position] },
        };
        fleet.node(position).acquire(request, resolve);
      });
    }
    const lock = watch(fleet.process().manager.acquire('api', { limit: 5 }));
    await fleet.clock.advance(50);
    return { fleet, lock };
  }

  it('are asked once more, for the permit that most of them gave', async () => {
    const { lock } = await crossed();

    expect(lock.value?.isHeld).toBe(true);
    expect(lock.value?.slots).toHaveLength(1);
  });

  it('keep nothing of it but what is held', async () => {
    const { fleet, lock } = await crossed();
    await lock.value?.release();
    await fleet.clock.advance(50);

    const owners = await fleet.owners('api');
    expect(owners).toEqual(['stray-0', 'stray-1', 'stray-2']);
  });

  it('keep nothing of what a slow node gives when they are released already', async () => {
    const fleet = new Fleet(3);
    await new Promise((resolve) => {
      const taken = { resources: ['api'], ownerToken: 'other', ttlMs: 60_000, askHolderTtl: false };
      fleet.node(2).acquire({ ...taken, limit: { limit: 5, permits: 1, start: 2, exact: [2] } }, resolve);
    });
    fleet.node(2).fault = 'stalled';
    const lock = await fleet.process().manager.acquire('api', { limit: 5 });
    expect(lock.slots).toEqual([2]);

    void lock.release();
    fleet.node(2).recover();
    await fleet.clock.advance(50);

    expect(await fleet.owners('api')).toEqual([null, null, 'other']);
    const left = await fleet.node(2).inspect('api');
    expect(left?.members).toHaveLength(1);
  });
});
