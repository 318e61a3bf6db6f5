import { LockBusyError } from '../../../lib/errors/lock-busy.error';
import { LockLostError } from '../../../lib/errors/lock-lost.error';
import { LockOptionsError } from '../../../lib/errors/lock-options.error';
import { LockService } from '../../../lib/service/lock.service';
import type { Lock } from '../../../lib/locking/api/lock.interface';
import { createLockService, MemoryLockNode } from '../../../lib';
import { deferred } from '../../helpers/deferred';
import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const FREE = [null, null, null];

function setUp() {
  const fleet = new Fleet(3);
  const { service, events, eventTypes } = fleet.process();
  const releases = () => fleet.nodes.map((node) => node.count('release'));
  return { fleet, clock: fleet.clock, locks: service, events, eventTypes, releases };
}

describe('a lock that is held until a promise settles', () => {
  it('is not released before, however long that takes, and is released then', async () => {
    const { fleet, clock, locks, releases } = setUp();
    const commit = deferred();
    const lock = await locks.acquire('order:7', { ttl: 3_000 });
    lock.holdUntil(commit.promise);

    const outcome = await lock.release();
    await clock.advance(60_000);
    expect(outcome).toBe('deferred');
    expect(lock.isHeld).toBe(true);
    expect(releases()).toEqual([0, 0, 0]);
    commit.resolve();
    await settle();

    expect(lock.isHeld).toBe(false);
    expect(await lock.release()).toBe('released');
    expect(await fleet.owners('order:7')).toEqual(FREE);
    await clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives the result of withLock at once, since the commit may wait for it', async () => {
    const { fleet, clock, locks } = setUp();
    const commit = deferred();

    const result = watch(
      locks.withLock('order:7', (lock) => {
        lock.holdUntil(commit.promise);
        return 'paid';
      }),
    );
    await settle();

    expect(result.value).toBe('paid');
    await expect(fleet.process().service.acquire('order:7', { wait: 0 })).rejects.toThrow(LockBusyError);
    commit.resolve();
    await clock.advance(10);
    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('lets a block end that is left with `await using`', async () => {
    const { fleet, locks } = setUp();
    const commit = deferred();
    const block = async () => {
      await using lock = await locks.acquire('order:7');
      lock.holdUntil(commit.promise);
    };

    await block();
    expect(await fleet.owners('order:7')).not.toEqual(FREE);
    commit.resolve();
    await settle();

    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('stays held when the promise settles before the task does', async () => {
    const { locks } = setUp();
    const lock = await locks.acquire('order:7');

    lock.holdUntil(Promise.resolve());
    await settle();

    expect(lock.isHeld).toBe(true);
    expect(await lock.release()).toBe('released');
  });

  it('waits for all of several promises, and for one that is added while it waits', async () => {
    const { fleet, locks } = setUp();
    const [first, second, third] = [deferred(), deferred(), deferred()];
    const lock = await locks.acquire('order:7');
    lock.holdUntil(first.promise);
    lock.holdUntil(second.promise);
    await lock.release();

    lock.holdUntil(third.promise);
    for (const one of [second, first]) {
      one.resolve();
      await settle();
      expect(lock.isHeld).toBe(true);
    }
    third.resolve();
    await settle();

    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('counts a rejection as an end, of which nobody is told', async () => {
    const { fleet, locks } = setUp();
    const unhandled: unknown[] = [];
    const listen = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listen);
    const commit = deferred();
    const lock = await locks.acquire('order:7');
    lock.holdUntil(commit.promise);
    await lock.release();

    commit.reject(new Error('rolled back'));
    await settle();

    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('takes a thenable, also one that throws', async () => {
    const { fleet, locks } = setUp();
    const lock = await locks.acquire('order:7');
    const thenable = {
      then(resolve?: ((value: unknown) => unknown) | null): never {
        setImmediate(() => resolve?.(undefined));
        return undefined as never;
      },
    };
    const broken = {
      then() {
        throw new Error('broken');
      },
    };

    lock.holdUntil(thenable);
    lock.holdUntil(broken);
    expect(await lock.release()).toBe('deferred');
    await settle();

    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it.each([undefined, null, 7, 'promise', {}, () => Promise.resolve()])('refuses %p', async (value) => {
    const { locks } = setUp();
    const lock = await locks.acquire('order:7');

    expect(() => {
      lock.holdUntil(value as Promise<void>);
    }).toThrow(LockOptionsError);
    expect(await lock.release()).toBe('released');
  });

  it('is refused when the lock was released, or is lost', async () => {
    const { clock, locks } = setUp();
    const released = await locks.acquire('a');
    await released.release();
    const lost = await locks.acquire('b', { autoExtend: false, ttl: 1_000 });
    await clock.advance(1_000);
    const hold = (lock: Lock) => () => {
      lock.holdUntil(Promise.resolve());
    };

    expect(hold(released)).toThrow(expect.objectContaining({ reason: 'released' }) as Error);
    expect(hold(lost)).toThrow(expect.objectContaining({ reason: 'expired' }) as Error);
  });

  it('is bounded by maxHold: then the lock is released, and the code that commits hears of it', async () => {
    const { fleet, clock, locks, eventTypes } = setUp();
    const lock = await locks.acquire('order:7', { maxHold: 5_000 });
    const { signal } = lock;
    lock.holdUntil(deferred().promise);
    await lock.release();

    await clock.advance(5_000);

    expect(signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'max-hold' });
    expect(eventTypes()).toContain('lost');
    expect(await fleet.owners('order:7')).toEqual(FREE);
    await clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells of a loss between the task and the commit by its signal and an event', async () => {
    const { fleet, clock, locks, eventTypes } = setUp();
    const commit = deferred();
    let handle: Lock | undefined;
    await locks.withLock('order:7', { ttl: 3_000 }, (lock) => {
      handle = lock;
      lock.holdUntil(commit.promise);
    });
    for (const node of fleet.nodes) await node.steal('order:7');

    await clock.advance(1_001);

    expect(handle?.signal.reason).toMatchObject({ reason: 'gone' });
    expect(() => handle?.assertHeld()).toThrow(LockLostError);
    expect(eventTypes()).toContain('lost');
    commit.resolve();
    await clock.advance(1_000);
  });

  it('is handed to the next caller of the process only then', async () => {
    const { clock, locks } = setUp();
    const commit = deferred();
    const order: string[] = [];
    const task = (name: string, until?: Promise<void>) => (lock: Lock) => {
      order.push(name);
      if (until !== undefined) lock.holdUntil(until);
    };
    const first = locks.withLock('order:7', task('first', commit.promise));
    const rest = [locks.withLock('order:7', task('second')), locks.withLock('order:7', task('third'))];

    await first;
    await clock.advance(100);
    expect(order).toEqual(['first']);
    commit.promise.then(() => order.push('commit')).catch(() => undefined);
    commit.resolve();
    await clock.advance(100);
    await Promise.all(rest);

    expect(order).toEqual(['first', 'commit', 'second', 'third']);
  });

  it('counts for the lock that was entered again, which is released after all of its tasks and promises', async () => {
    const { fleet, locks } = setUp();
    const commit = deferred();
    await locks.withLock('order:7', async (outer) => {
      await locks.withLock('order:7', (inner) => {
        expect(inner).toBe(outer);
        inner.holdUntil(commit.promise);
      });
      commit.resolve();
      await settle();
      expect(outer.isHeld).toBe(true);
    });

    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('keeps holdAtLeast, counted from when it was won', async () => {
    const { fleet, clock, locks } = setUp();
    const commit = deferred();
    const lock = await locks.acquire('job', { holdAtLeast: 5_000 });
    lock.holdUntil(commit.promise);
    await lock.release();
    await clock.advance(2_000);
    commit.resolve();

    await clock.advance(2_999);
    expect(await fleet.owners('job')).not.toEqual(FREE);
    await clock.advance(1);

    expect(await fleet.owners('job')).toEqual(FREE);
  });

  it('is waited for when the service closes, and taken away after shutdownTimeout', async () => {
    const { fleet, clock, locks } = setUp();
    const commit = deferred();
    const [patient, stubborn] = [await locks.acquire('a'), await locks.acquire('b')];
    const { signal } = stubborn;
    patient.holdUntil(commit.promise);
    stubborn.holdUntil(deferred().promise);
    await Promise.all([patient.release(), stubborn.release()]);

    const closing = watch(locks.close());
    await clock.advance(5_000);
    expect([patient.isHeld, closing.state]).toEqual([true, 'pending']);
    commit.resolve();
    await clock.advance(5_000);

    expect(closing.state).toBe('resolved');
    expect(signal.reason).toMatchObject({ reason: 'closed' });
    expect([await fleet.owners('a'), await fleet.owners('b')]).toEqual([FREE, FREE]);
  });

  it('works on nodes of this process', async () => {
    const locks: LockService = createLockService({ nodes: [new MemoryLockNode()] });
    const commit = deferred();
    await locks.withLock('order:7', (lock) => {
      lock.holdUntil(commit.promise);
    });

    expect(await locks.tryAcquire('order:7')).toBeNull();
    commit.resolve();
    await using lock = await locks.acquire('order:7');

    expect(lock.isHeld).toBe(true);
  });
});
