import { LockBusyError } from '../../../lib/errors/lock-busy.error';
import { LockLostError } from '../../../lib/errors/lock-lost.error';
import { LockOptionsError } from '../../../lib/errors/lock-options.error';
import { LockReentrancyError } from '../../../lib/errors/lock-reentrancy.error';
import { HeldLock } from '../../../lib/locking/holding/held-lock';
import type { Lock } from '../../../lib/locking/api/lock.interface';
import type { LockService } from '../../../lib/service/lock.service';
import { deferred } from '../../helpers/deferred';
import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const FREE = [null, null, null];

function setUp() {
  const fleet = new Fleet(3);
  const { service: locks } = fleet.process();
  const acquired = () => fleet.node(0).count('acquire');
  return { fleet, clock: fleet.clock, locks, acquired, owners: (name: string) => fleet.owners(name) };
}

const nothing = () => undefined;
const fail = () => {
  throw new Error('failed');
};

describe('a unit of work', () => {
  it.each(['resolves', 'rejects'])('keeps the locks of its tasks until it %s', async (how) => {
    const { clock, locks, owners } = setUp();
    const commit = deferred<string>();

    const work = watch(
      locks.holdUntilDone(async () => {
        await locks.withLock('a', nothing);
        await using _lock = await locks.acquire('b');
        const once = await locks.tryAcquire('c');
        await once?.release();
        return await commit.promise;
      }),
    );
    await clock.advance(60_000);
    for (const name of ['a', 'b', 'c']) expect(await owners(name)).not.toEqual(FREE);
    if (how === 'resolves') commit.resolve('done');
    else commit.reject(new Error('rolled back'));
    await settle();

    expect([work.value, (work.error as Error | undefined)?.message]).toEqual(
      how === 'resolves' ? ['done', undefined] : [undefined, 'rolled back'],
    );
    for (const name of ['a', 'b', 'c']) expect(await owners(name)).toEqual(FREE);
    await locks.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('enters a lock again that a task of it had, and asks no node', async () => {
    const { locks, acquired } = setUp();

    const seen = await locks.holdUntilDone(async () => [
      await locks.withLock(['a', 'b'], (lock) => lock),
      await locks.withLock('a', (lock) => lock),
      await locks.withLock('b', (lock) => locks.withLock('a', () => lock)),
    ]);

    expect(new Set(seen).size).toBe(1);
    expect(acquired()).toBe(1);
  });

  it.each(['tasks', 'handles'])(
    'does not look at all of its locks for %s of other resources',
    async (which) => {
      const { locks } = setUp();
      const looks = jest.spyOn(HeldLock.prototype, 'noticeEnd');
      const MANY = 100;

      await locks.holdUntilDone(async () => {
        for (let i = 0; i < MANY; i++) {
          if (which === 'tasks') await locks.withLock(`row:${i}`, nothing);
          else await (await locks.acquire(`row:${i}`)).release();
        }
      });

      expect(looks.mock.calls.length).toBeLessThan(10 * MANY);
      looks.mockRestore();
    },
  );

  it('forgets what it did not get', async () => {
    const { fleet, locks } = setUp();
    const other = fleet.process().service;
    const held = await other.acquire(['a', 'b']);

    await locks.holdUntilDone(async () => {
      expect(await locks.tryAcquire(['a', 'b'])).toBeNull();
      await expect(locks.withLock(['a', 'b'], { wait: 0 }, nothing)).rejects.toThrow(LockBusyError);
      await held.release();
      await using _theirs = await other.acquire('b');
      await locks.withLock('a', nothing);
      // A unit that took the two for locked together would enter here, beside the other process.
      await expect(locks.withLock('b', { wait: 0 }, nothing)).rejects.toThrow(LockBusyError);
    });
  });

  it('enters a lock again that was released by hand, and no other', async () => {
    const { clock, locks } = setUp();

    await locks.holdUntilDone(async () => {
      const lock = await locks.acquire('a');
      const busy = watch(locks.withLock('a', { wait: 100 }, nothing));
      await clock.advance(100);
      expect(busy.error).toBeInstanceOf(LockBusyError);
      await lock.release();
      expect(await locks.withLock('a', (again) => again)).toBe(lock);
    });
  });

  it.each([
    ['a task', (locks: LockService) => locks.withLock('a', nothing)],
    ['a handle', async (locks: LockService) => (await locks.acquire('a')).release()],
    ['a task that failed', (locks: LockService) => locks.withLock('a', fail).catch(nothing)],
  ])('gives a handle of a lock that %s had, and asks no node', async (_, before) => {
    const { fleet, clock, locks, acquired } = setUp();
    const elsewhere = fleet.process().service;

    const work = watch(
      locks.holdUntilDone(async () => {
        await before(locks);
        const lock = await locks.acquire('a', { wait: 0 });
        expect([lock.isHeld, lock.resources, acquired()]).toEqual([true, ['a'], 1]);
        expect(await lock.release()).toBe('deferred');
        const again = await locks.tryAcquire(['a']);
        expect([again?.isHeld, again?.ownerToken]).toEqual([true, lock.ownerToken]);
        await again?.release();
        await expect(elsewhere.tryAcquire('a')).resolves.toBeNull();
        return 'committed';
      }),
    );
    await clock.advance(1_000);

    expect(work.value ?? work.error).toBe('committed');
    await expect(elsewhere.tryAcquire('a')).resolves.not.toBeNull();
  });

  it('gives its handles of one lock one after another, and bounds the wait', async () => {
    const { clock, locks, acquired } = setUp();

    await locks.holdUntilDone(async () => {
      const first = await locks.acquire('a');
      const impatient = watch(locks.acquire('a', { wait: 1_000 }));
      const second = watch(locks.acquire('a'));
      const task = watch(locks.withLock('a', () => 'task'));
      await clock.advance(1_000);
      expect(impatient.error).toMatchObject({ code: 'LOCK_BUSY', waitedMs: 1_000 });
      expect([second.state, task.state]).toEqual(['pending', 'pending']);

      await first.release();
      await settle();
      expect([second.value?.isHeld, task.state]).toEqual([true, 'pending']);
      await second.value?.release();
      await settle();
      expect(task.value).toBe('task');
    });

    expect(acquired()).toBe(1);
    await locks.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps the lock for a handle that outlives it', async () => {
    const { fleet, clock, locks } = setUp();
    const elsewhere = fleet.process().service;
    let late: Lock | undefined;
    await locks.holdUntilDone(async () => {
      await locks.withLock('a', nothing);
      late = await locks.acquire('a');
    });

    await clock.advance(60_000);
    await expect(elsewhere.tryAcquire('a')).resolves.toBeNull();
    await late?.release();
    await settle();

    await expect(elsewhere.tryAcquire('a')).resolves.not.toBeNull();
  });

  it('asks the nodes for a handle that they give beside those that it has', async () => {
    const { locks } = setUp();

    await locks.holdUntilDone(async () => {
      const readers = [
        await locks.acquire('a', { mode: 'shared' }),
        await locks.acquire('a', { mode: 'shared' }),
      ];
      const permits = [await locks.acquire('b', { limit: 2 }), await locks.acquire('b', { limit: 2 })];
      await expect(locks.withLock('a', { mode: 'shared' }, () => 'reads')).resolves.toBe('reads');

      expect(readers.map(({ isHeld }) => isHeld)).toEqual([true, true]);
      expect(permits.flatMap(({ slots }) => slots).sort()).toEqual([0, 1]);
      for (const lock of [...readers, ...permits]) await lock.release();
    });
  });

  it('fails when a lock is lost after a further handle of it was released', async () => {
    const { fleet, clock, locks } = setUp();
    const work = watch(
      locks.holdUntilDone(async () => {
        await locks.withLock('a', { ttl: 3_000 }, fail).catch(nothing);
        await (await locks.acquire('a')).release();
        for (const node of fleet.nodes) await node.steal('a');
        await clock.advance(1_001);
        await expect(locks.acquire('a')).rejects.toThrow(LockLostError);
        return 'committed';
      }),
    );
    await clock.advance(2_000);

    expect(work.error).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
  });

  it('locks anew what a handle lost', async () => {
    const { fleet, clock, locks } = setUp();
    const work = watch(
      locks.holdUntilDone(async () => {
        const lock = await locks.acquire('a', { ttl: 3_000 });
        await fleet.process().service.forceRelease('a');
        await clock.advance(1_001);
        expect(lock.isHeld).toBe(false);
        const anew = await locks.acquire('a');
        expect([anew.isHeld, anew.ownerToken === lock.ownerToken]).toEqual([true, false]);
        await anew.release();
        return 'committed';
      }),
    );
    await clock.advance(2_000);

    expect(work.value ?? work.error).toBe('committed');
  });

  it('lets its tasks run one after another, as strangers would', async () => {
    const { clock, locks } = setUp();
    const order: string[] = [];
    const task = (name: string) =>
      locks.withLock('a', async () => {
        order.push(`${name} begins`);
        await clock.advance(0);
        order.push(`${name} ends`);
      });

    await locks.holdUntilDone(() => Promise.all([task('first'), task('second'), task('third')]));

    expect(order).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('bounds the wait for its other tasks, and cancels it', async () => {
    const { clock, locks } = setUp();
    const [gate, leaving] = [deferred(), new AbortController()];
    const work = locks.holdUntilDone(async () => {
      const first = locks.withLock('a', () => gate.promise);
      await settle();
      const impatient = watch(locks.withLock('a', { wait: 1_000 }, nothing));
      const gone = watch(locks.withLock('a', { signal: leaving.signal }, nothing));
      const patient = watch(locks.withLock('a', () => 'patient'));
      leaving.abort(new Error('gone'));
      await clock.advance(1_000);
      expect(impatient.error).toMatchObject({ code: 'LOCK_BUSY', waitedMs: 1_000 });
      expect(gone.error).toMatchObject({ message: 'gone' });
      expect(patient.state).toBe('pending');
      gate.resolve();
      await first;
      await settle();
      expect(patient.value).toBe('patient');
    });

    await work;
    await locks.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps others out between its tasks, and lets them in when it is done', async () => {
    const { fleet, clock, locks } = setUp();
    const commit = deferred();
    const work = locks.holdUntilDone(async () => {
      await locks.withLock('a', nothing);
      await commit.promise;
      await locks.withLock('a', nothing);
    });
    await settle();
    const here = watch(locks.withLock('a', { wait: 10_000 }, () => 'here'));
    const elsewhere = watch(fleet.process().service.withLock('a', { wait: 10_000 }, () => 'elsewhere'));

    await clock.advance(1_000);
    expect([here.state, elsewhere.state]).toEqual(['pending', 'pending']);
    commit.resolve();
    await work;
    await clock.advance(1_000);

    expect([here.value, elsewhere.value]).toEqual(['here', 'elsewhere']);
  });

  it('refuses what would wait for itself, and what must not be entered again', async () => {
    const { locks } = setUp();

    await locks.holdUntilDone(async () => {
      await locks.withLock('a', nothing);

      await expect(locks.withLock(['a', 'b'], nothing)).rejects.toThrow(LockReentrancyError);
      await expect(locks.acquire(['a', 'b'])).rejects.toThrow(LockReentrancyError);
      await expect(locks.acquire('a', { limit: 1 })).rejects.toThrow(LockReentrancyError);
      await expect(locks.withLock('a', { reentrant: false }, nothing)).rejects.toThrow(LockReentrancyError);
      await expect(locks.withLock('a', { fencing: true }, nothing)).rejects.toThrow(LockReentrancyError);
    });
    await expect(locks.holdUntilDone('work' as unknown as () => void)).rejects.toThrow(LockOptionsError);
  });

  it('asks again for what a task did not get', async () => {
    const { fleet, locks } = setUp();
    const other = await fleet.process().service.acquire('a');

    await locks.holdUntilDone(async () => {
      await expect(locks.withLock(['a', 'b'], { wait: 0 }, nothing)).rejects.toThrow(LockBusyError);
      await other.release();
      await expect(locks.withLock('a', { wait: 0 }, () => 'a')).resolves.toBe('a');
    });
  });

  it('within another is a part of it', async () => {
    const { locks, owners } = setUp();

    await locks.holdUntilDone(async () => {
      await locks.holdUntilDone(() => locks.withLock('a', nothing));
      expect(await owners('a')).not.toEqual(FREE);
    });

    expect(await owners('a')).toEqual(FREE);
  });

  it('does not keep what its code takes after it is done', async () => {
    const { locks, owners } = setUp();
    const done = deferred();
    let late: Promise<unknown> | undefined;
    await locks.holdUntilDone(() => {
      late = done.promise.then(() => locks.withLock('a', nothing));
    });

    done.resolve();
    await late;

    expect(await owners('a')).toEqual(FREE);
  });

  it('keeps a lock for a task that outlives it', async () => {
    const { clock, locks, owners } = setUp();
    const gate = deferred();
    let late: Promise<boolean> | undefined;
    await locks.holdUntilDone(async () => {
      await locks.withLock('a', nothing);
      late = locks.withLock('a', async (lock) => {
        await gate.promise;
        return lock.isHeld;
      });
      await settle();
    });

    await clock.advance(1_000);
    expect(await owners('a')).not.toEqual(FREE);
    gate.resolve();

    expect(await late).toBe(true);
    await settle();
    expect(await owners('a')).toEqual(FREE);
  });

  it('fails when a lock is lost after its task, also where the work goes on', async () => {
    const { fleet, clock, locks } = setUp();
    const commit = deferred();
    const work = watch(
      locks.holdUntilDone(async () => {
        await locks.withLock('a', { ttl: 3_000 }, nothing);
        await commit.promise;
        await expect(locks.withLock('a', nothing)).rejects.toThrow(LockLostError);
        return 'committed';
      }),
    );
    await settle();
    for (const node of fleet.nodes) await node.steal('a');

    await clock.advance(1_001);
    commit.resolve();
    await settle();

    expect(work.error).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
  });

  it('fails when a lock is lost after its task, and the next one under it fails by itself', async () => {
    const { fleet, clock, locks } = setUp();
    const work = watch(
      locks.holdUntilDone(async () => {
        await locks.withLock('a', { ttl: 3_000 }, nothing);
        const next = locks.withLock('a', async () => {
          for (const node of fleet.nodes) await node.steal('a');
          await clock.advance(1_001);
          throw new Error('not enough in stock');
        });
        await expect(next).rejects.toThrow('not enough in stock');
        return 'committed';
      }),
    );
    await clock.advance(2_000);

    expect(work.error).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
  });

  it.each(['released by hand', 'and a task came after that'])(
    'fails when a lock is lost after it was %s',
    async (how) => {
      const { fleet, clock, locks } = setUp();
      const work = watch(
        locks.holdUntilDone(async () => {
          const lock = await locks.acquire('a', { ttl: 3_000 });
          expect(await lock.release()).toBe('deferred');
          if (how !== 'released by hand') await locks.withLock('a', nothing);
          for (const node of fleet.nodes) await node.steal('a');
          await clock.advance(1_001);
          if (how !== 'released by hand')
            await expect(locks.withLock('a', nothing)).rejects.toThrow(LockLostError);
          return 'committed';
        }),
      );
      await clock.advance(2_000);

      expect(work.error).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
    },
  );

  it('says nothing of a handle that was lost before its holder was done with it, and knows', async () => {
    const { fleet, clock, locks } = setUp();
    const work = watch(
      locks.holdUntilDone(async () => {
        const lock = await locks.acquire('a', { ttl: 3_000 });
        for (const node of fleet.nodes) await node.steal('a');
        await clock.advance(1_001);
        expect(await lock.release()).toBe('expired');
        return 'committed';
      }),
    );
    await clock.advance(2_000);

    expect(work.value).toBe('committed');
  });

  it('fails when the clocks say at its end that a lock is over, and no timer has run', async () => {
    const { clock, locks } = setUp();

    const work = locks.holdUntilDone(async () => {
      await locks.withLock('a', { ttl: 3_000 }, nothing);
      clock.stall(3_000);
      return 'committed';
    });

    await expect(work).rejects.toMatchObject({ code: 'LOCK_LOST', reason: 'expired' });
  });

  it('is begun anew by code that outlives another', async () => {
    const { locks, owners } = setUp();
    const [first, commit] = [deferred(), deferred()];
    let late: Promise<unknown> | undefined;
    await locks.holdUntilDone(() => {
      late = first.promise.then(() =>
        locks.holdUntilDone(async () => {
          await locks.withLock('a', nothing);
          await commit.promise;
        }),
      );
    });

    first.resolve();
    await settle();
    expect(await owners('a')).not.toEqual(FREE);
    commit.resolve();
    await late;

    expect(await owners('a')).toEqual(FREE);
  });

  it('says nothing of a loss that its task was told of', async () => {
    const { fleet, clock, locks } = setUp();
    const work = watch(
      locks.holdUntilDone(async () => {
        const task = locks.withLock('a', { ttl: 3_000 }, async () => {
          for (const node of fleet.nodes) await node.steal('a');
          await clock.advance(1_001);
        });
        await expect(task).rejects.toThrow(LockLostError);
        return 'committed';
      }),
    );
    await clock.advance(2_000);

    expect(work.value).toBe('committed');
  });
});
