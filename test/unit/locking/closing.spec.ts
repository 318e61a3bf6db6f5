import { UnorderedBag } from '../../../lib/collections/unordered-bag';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
import { deferred } from '../../helpers/deferred';
import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const FREE = [null, null, null];

describe('closing', () => {
  it('with nothing held is done at once', async () => {
    const fleet = new Fleet(3);

    const closing = watch(fleet.process().manager.close(10_000));
    await settle();

    expect(closing.state).toBe('resolved');
    expect(fleet.clock.pendingTimers).toBe(0);
  });

  it('refuses new locks and asks no node for them', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    await manager.close(0);

    const refused = manager.acquire('order:7');

    await expect(refused).rejects.toThrow(LockUnavailableError);
    await expect(refused).rejects.toThrow(/closed/);
    expect(fleet.node(0).sent).toEqual([]);
  });

  it('ends all waiting: in line, between attempts and in the middle of one', async () => {
    const fleet = new Fleet(3);
    await fleet.process().manager.acquire('elsewhere', { ttl: 60_000 });
    const { manager } = fleet.process();
    const lock = await manager.acquire('here');
    const waiting = [watch(manager.acquire('here')), watch(manager.acquire('elsewhere'))];
    await fleet.clock.advance(10);
    for (const node of fleet.nodes) node.fault = 'stalled';
    waiting.push(watch(manager.acquire('silent')));

    void manager.close(10_000);
    await settle();

    for (const { error } of waiting) expect(error).toBeInstanceOf(LockUnavailableError);
    expect(lock.isHeld).toBe(true);
  });

  it('waits for the holders', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const lock = await manager.acquire('order:7');
    const closing = watch(manager.close(60_000));

    await fleet.clock.advance(30_000);
    expect(closing.state).toBe('pending');
    expect(lock.isHeld).toBe(true);
    await lock.release();
    await settle();

    expect(closing.state).toBe('resolved');
    expect(fleet.clock.pendingTimers).toBe(0);
  });

  it('takes the locks of the rest away after the timeout, and tells their holders', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const lock = await manager.acquire('order:7');
    const { signal } = lock;
    const closing = watch(manager.close(5_000));

    await fleet.clock.advance(5_000);

    expect(closing.state).toBe('resolved');
    expect(signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'closed' });
    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('is bounded when the nodes are silent', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    await manager.acquire('order:7');
    for (const node of fleet.nodes) node.fault = 'deaf';

    const closing = watch(manager.close(0));
    await fleet.clock.advance(500);

    expect(closing.state).toBe('resolved');
  });

  it('waits until what a cancelled attempt still won is released', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    for (const node of fleet.nodes) node.fault = 'mute';
    const waiter = watch(manager.acquire('order:7'));

    const closing = watch(manager.close(10_000));
    await settle();
    expect(waiter.state).toBe('rejected');
    expect(closing.state).toBe('pending');
    for (const node of fleet.nodes) node.recover();
    await settle();

    expect(closing.state).toBe('resolved');
    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('is bounded when the nodes never answer a cancelled attempt', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    for (const node of fleet.nodes) node.fault = 'deaf';
    void watch(manager.acquire('order:7'));

    const closing = watch(manager.close(10_000));
    await fleet.clock.advance(1_000);

    expect(closing.state).toBe('resolved');
  });

  it('at any moment around the deciding vote leaves nothing held', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      for (const node of fleet.nodes) node.fault = 'mute';
      const waiter = watch(manager.acquire('order:7', { ttl: 60_000 }));
      for (const node of fleet.nodes) node.recover();

      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const closing = watch(manager.close(0));
      await fleet.clock.advance(0);

      expect([turns, closing.state, waiter.value?.isHeld ?? false]).toEqual([turns, 'resolved', false]);
      expect([turns, await fleet.owners('order:7')]).toEqual([turns, FREE]);
    }
  });

  it('stops to listen to the nodes', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();

    await manager.close(0);

    expect(fleet.nodes.map((node) => node.statusListenerCount)).toEqual([0, 0, 0]);
  });
});

describe('closing, while it waits for the holders', () => {
  function setUp() {
    const fleet = new Fleet(3);
    return { fleet, clock: fleet.clock, locks: fleet.process().service };
  }

  it('gives a task the second lock that its work needs, and is done after it', async () => {
    const { fleet, clock, locks } = setUp();
    const gate = deferred();
    const task = watch(
      locks.withLock('order', async () => {
        await gate.promise;
        return locks.withLock('stock', async () => {
          await locks.withLock(['order'], () => undefined);
          await using _more = await locks.acquire('more');
          const once = await locks.tryAcquire('once');
          return await once?.release();
        });
      }),
    );
    await settle();

    const closing = watch(locks.close());
    await clock.advance(1_000);
    gate.resolve();
    await clock.advance(100);

    expect([task.value, closing.state]).toEqual(['released', 'resolved']);
    expect(await fleet.owners('stock')).toEqual(FREE);
    await expect(locks.acquire('stock')).rejects.toThrow(/closed/);
  });

  it('lets a task wait on that waits in line for its second lock', async () => {
    const { clock, locks } = setUp();
    const gate = deferred();
    const other = watch(locks.withLock('stock', () => gate.promise));
    await settle();
    const task = watch(locks.withLock('order', () => locks.withLock('stock', () => 'both')));
    const stranger = watch(locks.withLock('stock', () => 'stranger'));
    await settle();

    const closing = watch(locks.close());
    await settle();
    expect([task.state, stranger.state]).toEqual(['pending', 'rejected']);
    gate.resolve();
    await clock.advance(100);

    expect([other.state, task.value, closing.state]).toEqual(['resolved', 'both', 'resolved']);
    expect(stranger.error).toMatchObject({ code: 'LOCK_UNAVAILABLE' });
  });

  it('of those whom it has not let ask the nodes yet, lets in the tasks and tells the strangers', async () => {
    const { fleet, clock, locks } = setUp();
    const names = Array.from({ length: 300 }, (_, at) => `stock:${at}`);
    const tasks = watch(
      locks.withLock('order', () => {
        for (const node of fleet.nodes) node.fault = 'mute';
        return Promise.all(names.map((name) => locks.withLock(name, () => name)));
      }),
    );
    await settle();
    const strangers = Array.from({ length: 50 }, (_, at) => watch(locks.withLock(`other:${at}`, () => at)));

    const closing = watch(locks.close());
    await settle();
    expect(strangers.map(({ error }) => (error as Error).message)).toEqual(
      strangers.map(() => expect.stringMatching('closed') as string),
    );
    for (const node of fleet.nodes) node.recover();
    await clock.advance(1_000);

    expect(tasks.value).toEqual(names);
    expect(closing.state).toBe('resolved');
  });

  it('waits for what a task has asked for and left behind', async () => {
    const { fleet, clock, locks } = setUp();
    const elsewhere = await fleet.process().service.acquire('elsewhere');
    let left: ReturnType<typeof watch<string>> | undefined;
    await locks.withLock('order', () => {
      left = watch(locks.withLock('elsewhere', () => 'done'));
    });

    const closing = watch(locks.close());
    await clock.advance(1_000);
    expect([left?.state, closing.state]).toEqual(['pending', 'pending']);
    await elsewhere.release();
    await clock.advance(100);

    expect([left?.value, closing.state]).toEqual(['done', 'resolved']);
  });

  it('serves whoever asks while a lock is held that was resumed', async () => {
    const { fleet, locks } = setUp();
    const ticket = await (await fleet.process().service.acquire('order')).detach();
    const order = await locks.resume(ticket);

    const closing = watch(locks.close());
    const stock = await locks.acquire('stock');
    await Promise.all([stock.release(), order.release()]);
    await settle();

    expect(closing.state).toBe('resolved');
  });

  it('serves whoever asks while a handle is held, since that may be its holder, and ends their waiting with it', async () => {
    const { fleet, clock, locks } = setUp();
    await fleet.process().service.acquire('elsewhere', { ttl: 60_000 });
    const order = await locks.acquire('order');
    const waiting = watch(locks.acquire('elsewhere', { wait: Infinity }));
    await settle();

    const closing = watch(locks.close());
    const stock = await locks.acquire('stock');
    await clock.advance(100);
    expect([stock.isHeld, waiting.state]).toEqual([true, 'pending']);
    await order.release();
    await settle();
    expect(closing.state).toBe('pending');
    await stock.release();
    await clock.advance(100);

    expect(waiting.error).toMatchObject({ code: 'LOCK_UNAVAILABLE' });
    expect(closing.state).toBe('resolved');
  });

  it('looks once at those who wait when the last handle is released, and not whenever one of many gives up', async () => {
    const { clock, locks } = setUp();
    const handle = await locks.acquire('order');
    const waiters = Array.from({ length: 200 }, () => watch(locks.acquire('order', { wait: 100 })));
    const stranger = watch(locks.acquire('order', { wait: 60_000 }));
    await settle();
    const walks = jest.spyOn(UnorderedBag.prototype, 'all');

    const closing = watch(locks.close());
    await clock.advance(1_000);
    expect(waiters.map(({ error }) => (error as Error).name)).toEqual(waiters.map(() => 'LockBusyError'));
    expect([stranger.state, walks.mock.calls.length]).toEqual(['pending', 0]);
    await handle.release();
    await settle();

    expect([stranger.state, closing.state]).toEqual(['rejected', 'resolved']);
    walks.mockRestore();
  });

  it('ends the waiting of strangers each time that the last handle is released', async () => {
    const { clock, locks } = setUp();
    const [gate, again] = [deferred(), deferred()];
    const task = watch(
      locks.withLock('order', async () => {
        await gate.promise;
        await using _handle = await locks.acquire('stock');
        await again.promise;
      }),
    );
    const first = await locks.acquire('first');
    const closing = watch(locks.close());
    await settle();
    await first.release();
    await expect(locks.acquire('stock', { wait: 0 })).rejects.toThrow(/closed/);

    gate.resolve();
    await settle();
    const stranger = watch(locks.acquire('stock', { wait: 60_000 }));
    await clock.advance(100);
    expect(stranger.state).toBe('pending');
    again.resolve();
    await settle();

    expect((stranger.error as Error).message).toMatch(/closed/);
    expect([task.state, closing.state]).toEqual(['resolved', 'resolved']);
  });

  it('refuses strangers while only tasks hold', async () => {
    const { locks } = setUp();
    const gate = deferred();
    const task = watch(locks.withLock('order', () => gate.promise));
    await settle();
    void locks.close();

    await expect(locks.withLock('stock', () => undefined)).rejects.toThrow(/closed/);
    await expect(locks.acquire('stock')).rejects.toThrow(/closed/);
    gate.resolve();
    await settle();
    expect(task.state).toBe('resolved');
  });

  it('ends with shutdownTimeout, for what the holders asked for too', async () => {
    const { fleet, clock, locks } = setUp();
    await fleet.process().service.acquire('elsewhere', { ttl: 60_000 });
    const inner = watch(
      locks.withLock('order', () =>
        locks.withLock('stock', () => locks.withLock('elsewhere', { wait: Infinity }, () => undefined)),
      ),
    );
    await settle();

    const closing = watch(locks.close());
    await clock.advance(10_000);

    expect(inner.error).toMatchObject({ code: 'LOCK_UNAVAILABLE' });
    expect(closing.state).toBe('resolved');
    expect(await fleet.owners('order')).toEqual(FREE);
    expect(await fleet.owners('stock')).toEqual(FREE);
  });

  it('gives work that keeps its locks what it still needs', async () => {
    const { clock, locks } = setUp();
    const gate = deferred();
    const work = watch(
      locks.holdUntilDone(async () => {
        await locks.withLock('order', () => undefined);
        await gate.promise;
        return locks.withLock('stock', () => 'committed');
      }),
    );
    await settle();

    const closing = watch(locks.close());
    await clock.advance(1_000);
    expect(closing.state).toBe('pending');
    gate.resolve();
    await clock.advance(100);

    expect([work.value, closing.state]).toEqual(['committed', 'resolved']);
  });

  it('gives work nothing more that goes on after shutdownTimeout', async () => {
    const { fleet, clock, locks } = setUp();
    const gate = deferred();
    const work = watch(
      locks.holdUntilDone(async () => {
        await locks.withLock('order', () => undefined);
        await gate.promise;
        return locks.withLock('stock', () => 'committed');
      }),
    );
    await settle();
    const closing = watch(locks.close());
    await clock.advance(10_000);

    gate.resolve();
    await clock.advance(100);

    expect(closing.state).toBe('resolved');
    expect(work.error).toMatchObject({ code: 'LOCK_UNAVAILABLE' });
    expect(await fleet.owners('stock')).toEqual(FREE);
  });
});
