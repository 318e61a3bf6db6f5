import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const SHARED = { mode: 'shared' } as const;

/** How often the nodes were asked for something. */
const asked = (fleet: Fleet, verb: string) => fleet.node(0).sent.filter((sent) => sent.verb === verb).length;

describe('readers', () => {
  it('hold a resource together, in several processes, and no writer beside them', async () => {
    const fleet = new Fleet(3);
    const first = await fleet.process().manager.acquire('report:7', SHARED);
    const second = await fleet.process().manager.acquire('report:7', SHARED);

    const writer = watch(fleet.process().manager.acquire('report:7', { wait: 0 }));
    await fleet.clock.advance(1);

    expect([first.mode, second.mode]).toEqual(['shared', 'shared']);
    expect(first.isHeld && second.isHeld).toBe(true);
    expect(writer.error).toMatchObject({ code: 'LOCK_BUSY' });
    await Promise.all([first.release(), second.release()]);
    expect(await fleet.owners('report:7')).toEqual([null, null, null]);
  });

  it('wait for a writer, and get in when it is done', async () => {
    const fleet = new Fleet(3);
    const writer = await fleet.process().manager.acquire('report:7');
    const reader = watch(fleet.process().manager.acquire('report:7', SHARED));
    await fleet.clock.advance(200);
    expect(reader.state).toBe('pending');

    await writer.release();
    await fleet.clock.advance(20);

    expect(reader.value?.isHeld).toBe(true);
  });

  it('let a writer in that waits, though new readers keep coming', async () => {
    const fleet = new Fleet(3);
    const old = await fleet.process().manager.acquire('report:7', SHARED);
    const writer = watch(fleet.process().manager.acquire('report:7'));
    await fleet.clock.advance(200);

    const late = watch(fleet.process().manager.acquire('report:7', SHARED));
    await fleet.clock.advance(200);
    expect(late.state).toBe('pending');
    await old.release();
    await fleet.clock.advance(20);

    expect(writer.value?.isHeld).toBe(true);
    expect(late.state).toBe('pending');
    await writer.value?.release();
    await fleet.clock.advance(20);
    expect(late.value?.isHeld).toBe(true);
  });

  it('do not wait any more when the writer before them gives up', async () => {
    const fleet = new Fleet(3);
    await fleet.process().manager.acquire('report:7', SHARED);
    const writer = watch(fleet.process().manager.acquire('report:7', { wait: 400 }));
    await fleet.clock.advance(200);
    const late = watch(fleet.process().manager.acquire('report:7', SHARED));
    await fleet.clock.advance(190);
    expect(late.state).toBe('pending');

    await fleet.clock.advance(30);

    expect(writer.error).toMatchObject({ code: 'LOCK_BUSY', reason: 'shared' });
    expect(late.value?.isHeld).toBe(true);
  });

  it('are told as a reader in the reason of a busy lock, and in events', async () => {
    const fleet = new Fleet(3);
    await fleet.process().manager.acquire('report:7', SHARED);
    const { manager, events } = fleet.process();

    const writer = watch(manager.acquire('report:7', { wait: 100 }));
    await fleet.clock.advance(150);

    expect(writer.error).toMatchObject({
      reason: 'shared',
      message: expect.stringContaining('readers') as string,
    });
    expect(events).toMatchObject([{ type: 'busy', reason: 'shared' }]);
  });

  it('are kept alive, and told when they are lost', async () => {
    const fleet = new Fleet(3);
    const reader = await fleet.process().manager.acquire('report:7', { ...SHARED, ttl: 3_000 });
    await fleet.clock.advance(30_000);
    expect(reader.isHeld).toBe(true);

    for (const node of fleet.nodes) node.fault = 'refused';
    const { signal } = reader;
    await fleet.clock.advance(3_000);

    expect(signal.aborted).toBe(true);
    expect(reader.lossError).toMatchObject({ reason: 'expired' });
  });
});

describe('the readers of one process', () => {
  it('share one lease on the nodes, which the last to leave releases', async () => {
    const fleet = new Fleet(3);
    const { manager, events } = fleet.process();
    const first = await manager.acquire('report:7', SHARED);
    const second = await manager.acquire('report:7', SHARED);

    expect(asked(fleet, 'acquire')).toBe(1);
    expect(second.ownerToken).toBe(first.ownerToken);
    expect(events.map((event) => [event.type, (event as { joined?: true }).joined])).toEqual([
      ['acquired', undefined],
      ['acquired', true],
    ]);
    expect(await first.release()).toBe('released');
    expect([first.isHeld, second.isHeld]).toEqual([false, true]);
    expect(asked(fleet, 'release')).toBe(0);
    expect(await second.release()).toBe('released');
    expect(asked(fleet, 'release')).toBe(1);
    expect(await fleet.owners('report:7')).toEqual([null, null, null]);
  });

  it('that came while the first of them asked come to its hold', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();

    const readers = await Promise.all(Array.from({ length: 20 }, () => manager.acquire('report:7', SHARED)));

    expect(asked(fleet, 'acquire')).toBe(1);
    expect(readers.every(({ isHeld }) => isHeld)).toBe(true);
  });

  it('all read that do not wait, whoever of them asks first', async () => {
    const fleet = new Fleet(3);
    const { service } = fleet.process();

    const tried = await Promise.all([0, 1, 2].map(() => service.tryAcquire('report:7', SHARED)));

    expect(tried.map((lock) => lock?.isHeld)).toEqual([true, true, true]);
  });

  it.each([
    ['100 ms later', {}, 101],
    ['with another ttl', { ttl: 5_000 }, 0],
    ['without keeping it alive', { autoExtend: false }, 0],
    ['with another label', { label: 'import' }, 0],
  ])('ask for a hold of their own %s', async (_, options, afterMs) => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const first = await manager.acquire('report:7', SHARED);
    await fleet.clock.advance(afterMs);

    const second = await manager.acquire('report:7', { ...SHARED, ...options });

    expect(second.ownerToken).not.toBe(first.ownerToken);
    await first.release();
    expect(second.isHeld).toBe(true);
    expect(await fleet.owners('report:7')).toEqual(Array(3).fill(second.ownerToken));
  });

  it('do not come to a hold of which less than half of the ttl is left', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const first = await manager.acquire('report:7', { ...SHARED, ttl: 600 });
    for (const node of fleet.nodes) node.fault = 'deaf';
    await fleet.clock.advance(50);
    fleet.clock.suspend(300);

    const second = watch(manager.acquire('report:7', { ...SHARED, ttl: 600, wait: 0 }));
    await settle();

    expect(second.state).toBe('pending');
    expect(first.remainingMs).toBeLessThan(300);
  });

  it('keep a writer of their own process waiting no longer than those who are inside', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const first = await manager.acquire('report:7', SHARED);
    const writer = watch(manager.acquire('report:7'));
    const later = watch(manager.acquire('report:7', SHARED));
    await fleet.clock.advance(60);
    expect(later.state).toBe('pending');

    await first.release();
    await fleet.clock.advance(20);

    expect(writer.value?.isHeld).toBe(true);
    expect(later.state).toBe('pending');
    await writer.value?.release();
    await fleet.clock.advance(60);
    expect(later.value?.isHeld).toBe(true);
  });

  it('are all lost with the hold, and none later than its validity', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const options = { ...SHARED, ttl: 3_000 };
    const readers = [await manager.acquire('report:7', options), await manager.acquire('report:7', options)];
    const signals = readers.map(({ signal }) => signal);

    await manager.forceRelease('report:7');
    await fleet.clock.advance(1_200);

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(readers.map(({ lossError }) => lossError?.reason)).toEqual(['gone', 'gone']);
  });

  it('end by their own maxHold, and leave the hold to the others', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const first = await manager.acquire('report:7', { ...SHARED, maxHold: 500 });
    const second = await manager.acquire('report:7', SHARED);

    await fleet.clock.advance(600);

    expect(first.lossError).toMatchObject({ reason: 'max-hold' });
    expect(second.isHeld).toBe(true);
  });

  it('take nothing from each other by an extension with a shorter ttl', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const [first, second] = [
      await manager.acquire('report:7', SHARED),
      await manager.acquire('report:7', SHARED),
    ];

    await first.extend(1_000);

    expect(second.remainingMs).toBeGreaterThan(9_000);
  });

  it('are kept by the last of them for a promise', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const [first, second] = [
      await manager.acquire('report:7', SHARED),
      await manager.acquire('report:7', SHARED),
    ];
    let finish: (() => void) | undefined;
    first.holdUntil(new Promise<void>((resolve) => (finish = resolve)));

    expect(await first.release()).toBe('deferred');
    await second.release();
    expect(asked(fleet, 'release')).toBe(0);
    finish?.();
    await settle();

    expect(await fleet.owners('report:7')).toEqual([null, null, null]);
  });
});

describe('a lock on resources of which some are only read', () => {
  it('is held all or nothing, and keeps writers out of both', async () => {
    const fleet = new Fleet(3);
    const lock = await fleet.process().manager.acquire(['account:1', { shared: 'rates' }]);
    const other = await fleet.process().manager.acquire(['account:2', { shared: 'rates' }]);

    expect([lock.mode, lock.resources]).toEqual(['mixed', ['account:1', 'rates']]);
    const busy = (name: string | { shared: string }) =>
      watch(fleet.process().manager.acquire(name, { wait: 0 }));
    const [writer, account, reader] = [
      busy('rates'),
      busy({ shared: 'account:1' }),
      busy({ shared: 'rates' }),
    ];
    await fleet.clock.advance(1);
    expect([writer.state, account.state, reader.state]).toEqual(['rejected', 'rejected', 'resolved']);
    await Promise.all([lock.release(), other.release(), reader.value?.release()]);
    expect(await fleet.owners('rates')).toEqual([null, null, null]);
    expect(await fleet.owners('account:1')).toEqual([null, null, null]);
  });

  it('does not keep other readers of its process waiting', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();

    const first = await manager.acquire(['account:1', { shared: 'rates' }]);
    const second = watch(manager.acquire(['account:2', { shared: 'rates' }], { wait: 0 }));
    const same = watch(manager.acquire(['account:1', { shared: 'rates' }], { wait: 0 }));
    await fleet.clock.advance(1);

    expect([second.state, same.state]).toEqual(['resolved', 'rejected']);
    await first.release();
  });

  it('is kept alive with both, and released at the end', async () => {
    const fleet = new Fleet(3);
    const lock = await fleet.process().manager.acquire(['account:1', { shared: 'rates' }], { ttl: 3_000 });

    await fleet.clock.advance(30_000);

    expect(lock.isHeld).toBe(true);
    expect(await lock.release()).toBe('released');
  });
});

describe('a lock that is left to another process', () => {
  it('of a reader is resumed as one', async () => {
    const fleet = new Fleet(3);
    const ticket = await (await fleet.process().manager.acquire('report:7', SHARED)).detach();

    const lock = await fleet.process().manager.resume(JSON.parse(JSON.stringify(ticket)) as typeof ticket);

    expect(lock.mode).toBe('shared');
    expect(await lock.release()).toBe('released');
    expect(await fleet.owners('report:7')).toEqual([null, null, null]);
  });

  it('is refused while other readers share its hold', async () => {
    const { manager } = new Fleet(3).process();
    const [first] = [await manager.acquire('report:7', SHARED), await manager.acquire('report:7', SHARED)];

    await expect(first.detach()).rejects.toMatchObject({ option: 'detach' });
    expect(first.isHeld).toBe(true);
  });
});
