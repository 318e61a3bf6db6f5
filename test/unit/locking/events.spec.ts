import { LockLostError } from '../../../lib/errors/lock-lost.error';
import { Fleet } from '../../helpers/fleet';
import { watch } from '../../helpers/watch';

describe('events', () => {
  it('tell the life of a lock in order, each with its owner', async () => {
    const fleet = new Fleet(3);
    const { manager, events } = fleet.process();

    const lock = await manager.acquire(['b', 'a'], { ttl: 3_000 });
    await fleet.clock.advance(1_500);
    await lock.release();

    const { ownerToken } = lock;
    const resources = ['a', 'b'];
    const exclusive = { mode: 'exclusive', slots: [] };
    expect(events).toEqual([
      { type: 'acquired', resources, ownerToken, ...exclusive, waitedMs: 0, validityMs: 2_968 },
      { type: 'extended', resources, ownerToken, ...exclusive, validityMs: 2_968 },
      {
        type: 'released',
        resources,
        ownerToken,
        ...exclusive,
        outcome: 'released',
        heldMs: 1_500,
        validityMs: 2_468,
      },
    ]);
  });

  it('tell the fencing token of a lock that has one', async () => {
    const { manager, events } = new Fleet(3).process();

    const lock = await manager.acquire('a', { fencing: true });

    expect(lock.fencingToken).toBeGreaterThan(0);
    expect(events).toMatchObject([{ type: 'acquired', fencingToken: lock.fencingToken }]);
  });

  it('tell how long a caller waited for its lock', async () => {
    const fleet = new Fleet(3);
    const { manager, events } = fleet.process();
    const first = await manager.acquire('order:7');
    void watch(manager.acquire('order:7'));

    await fleet.clock.advance(300);
    await first.release();
    await fleet.clock.advance(1);

    expect(events.at(-1)).toMatchObject({ type: 'acquired', waitedMs: 300, contended: true });
  });

  it.each([
    ['a holder of another process', true, 0, true],
    ['nodes that are slow', false, 40, undefined],
  ])('tell whether the time was that of %s', async (_, isHeld, latencyMs, contended) => {
    const fleet = new Fleet(3);
    const holder = isHeld ? await fleet.process().manager.acquire('order:7') : undefined;
    for (const node of fleet.nodes) node.latencyMs = latencyMs;
    const { manager, events } = fleet.process();
    void watch(manager.acquire('order:7'));

    await fleet.clock.advance(100);
    await holder?.release();
    await fleet.clock.advance(100);

    const [acquired] = events;
    expect(acquired).toMatchObject({ type: 'acquired' });
    expect(acquired).toHaveProperty('waitedMs', latencyMs === 0 ? 100 : latencyMs);
    expect((acquired as { contended?: true }).contended).toBe(contended);
  });

  it('tell of one who gave up because it was busy', async () => {
    const fleet = new Fleet(3);
    await fleet.process().manager.acquire('order:7', { ttl: 60_000 });
    const { manager, events } = fleet.process();

    void watch(manager.acquire('order:7', { wait: 400 }));
    await fleet.clock.advance(400);

    expect(events).toEqual([
      {
        type: 'busy',
        resources: ['order:7'],
        waitedMs: 400,
        holder: expect.objectContaining({ host: 'test' }) as unknown,
        reason: 'held',
      },
    ]);
  });

  it('tell of one who gave up because too few nodes answered', async () => {
    const fleet = new Fleet(3);
    const { manager, events } = fleet.process();
    for (const node of fleet.nodes) node.fault = 'deaf';

    void watch(manager.acquire('order:7', { wait: 0 }));
    await fleet.clock.advance(500);

    expect(events).toEqual([{ type: 'unavailable', resources: ['order:7'], waitedMs: 500 }]);
  });

  it('say nothing of one who was cancelled, nor of wrong options', async () => {
    const fleet = new Fleet(3);
    const { manager, events } = fleet.process();
    const controller = new AbortController();
    for (const node of fleet.nodes) node.fault = 'stalled';
    const waiter = watch(manager.acquire('order:7', { signal: controller.signal }));

    controller.abort();
    await fleet.clock.advance(0);
    await expect(manager.acquire('order:7', { ttl: -1 })).rejects.toThrow();

    expect(waiter.state).toBe('rejected');
    expect(events).toEqual([]);
  });

  it('tell once that a lock was lost, with the error of its signal, and not that it was released', async () => {
    const fleet = new Fleet(3);
    const { manager, events } = fleet.process();
    const lock = await manager.acquire('order:7', { ttl: 3_000, autoExtend: false });
    const { signal } = lock;

    await fleet.clock.advance(10_000);
    await lock.release();

    expect(events).toEqual([
      expect.objectContaining({ type: 'acquired' }),
      {
        type: 'lost',
        resources: ['order:7'],
        ownerToken: lock.ownerToken,
        mode: 'exclusive',
        slots: [],
        heldMs: 2_968,
        error: expect.any(LockLostError) as LockLostError,
      },
    ]);
    expect(events[1]).toMatchObject({ error: signal.reason as LockLostError });
  });

  it('tell that a lock was lost when its release finds it gone', async () => {
    const fleet = new Fleet(3);
    const { manager, eventTypes } = fleet.process();
    const lock = await manager.acquire('order:7');
    for (const node of fleet.nodes) await node.steal('order:7');

    await lock.release();

    expect(eventTypes()).toEqual(['acquired', 'lost']);
  });

  it('tell when a node goes down, why, and when it is back', () => {
    const fleet = new Fleet(3);
    const { events } = fleet.process();

    fleet.node(1).refuse();
    fleet.node(1).recover();

    expect(events).toEqual([
      { type: 'node-down', node: 'b', error: new Error('refused') },
      { type: 'node-up', node: 'b' },
    ]);
  });

  it('tell it once more when a node that stays down has another reason', () => {
    const fleet = new Fleet(3);
    const { events } = fleet.process();

    for (const reason of ['closed', 'WRONGPASS', 'WRONGPASS']) fleet.node(1).refuse(new Error(reason));

    expect(events).toEqual([
      { type: 'node-down', node: 'b', error: new Error('closed') },
      { type: 'node-down', node: 'b', error: new Error('WRONGPASS') },
    ]);
  });
});
