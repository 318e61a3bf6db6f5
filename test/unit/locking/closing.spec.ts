import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
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

  it('waits until what a cancelled attempt still won is given back', async () => {
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
