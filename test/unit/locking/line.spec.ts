import type { LockOptions } from '../../../lib/locking/api/lock-options';
import type { LockTargets } from '../../../lib/locking/api/lock-target';
import type { HeldLock } from '../../../lib/locking/holding/held-lock';
import type { ReleaseRequest } from '../../../lib/ports/lock-node.interface';
import { Fleet } from '../../helpers/fleet';
import { watch, type Watched } from '../../helpers/watch';

const FAIR = { fair: true, wait: 60_000 } as const;

async function queue(fleet: Fleet, count: number): Promise<Watched<HeldLock>[]> {
  const waiters: Watched<HeldLock>[] = [];
  for (let i = 0; i < count; i++) {
    waiters.push(watch(fleet.process().manager.acquire('order:7', FAIR)));
    await fleet.clock.advance(20);
  }
  return waiters;
}

describe('the line', () => {
  it('gives a fair lock to processes in the order in which they came', async () => {
    const fleet = new Fleet(3);
    let holder = await fleet.process().manager.acquire('order:7', FAIR);
    const waiters = await queue(fleet, 5);
    const order: number[] = [];

    for (let turn = 0; turn < waiters.length; turn++) {
      await holder.release();
      await fleet.clock.advance(60);
      const next = waiters.findIndex(({ value }, i) => value?.isHeld === true && !order.includes(i));
      order.push(next);
      holder = waiters[next]?.value as HeldLock;
    }

    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('lets nobody who comes later pass, whom a plain holder of its process could hand its lease to', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const head = await manager.acquire('order:7');
    const holder = watch(manager.acquire('order:7'));
    // With nobody behind it, it would have nothing to hand over.
    const next = watch(manager.acquire('order:7', FAIR));
    await fleet.clock.advance(5);
    await head.release();
    await fleet.clock.advance(5);
    const [waiter] = await queue(fleet, 1);
    const later = Array.from({ length: 3 }, () => watch(manager.acquire('order:7', FAIR)));
    await fleet.clock.advance(20);

    void holder.value?.release();
    await fleet.clock.advance(60);

    expect(waiter?.value?.isHeld).toBe(true);
    expect(later.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending']);
    await waiter?.value?.release();
    await fleet.clock.advance(60);
    expect(next.value?.isHeld).toBe(true);
  });

  it('lets nobody who comes later pass', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', FAIR);
    const [waiter] = await queue(fleet, 1);

    void holder.release();
    const newcomer = watch(fleet.process().manager.acquire('order:7', { wait: 0 }));
    await fleet.clock.advance(60);

    expect(newcomer.error).toMatchObject({ code: 'LOCK_BUSY' });
    expect(waiter?.value?.isHeld).toBe(true);
  });

  it('lets nobody who comes later pass, although the leading node has nothing of the holder', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', FAIR);
    const { ownerToken } = holder;
    const release = { resources: ['order:7'], ownerToken, ttlMs: 10_000, wakeWaiters: false };
    fleet.node(0).release(release, () => undefined);
    const [waiter] = await queue(fleet, 1);
    await fleet.clock.advance(20);

    void holder.release();
    const newcomer = watch(fleet.process().manager.acquire('order:7', { wait: 0 }));
    await fleet.clock.advance(60);

    expect(newcomer.error).toMatchObject({ code: 'LOCK_BUSY' });
    expect(waiter?.value?.isHeld).toBe(true);
  });

  it('lets nobody who comes later pass for long, although the clocks of the nodes were set back', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', FAIR);
    const waiters = await queue(fleet, 2);
    fleet.clock.setWall(-60_000);
    await fleet.clock.advance(1_000);

    const newcomers = await queue(fleet, 3);
    void holder.release();
    await fleet.clock.advance(60);
    const first = waiters.find(({ value }) => value !== undefined);
    expect(first?.value?.isHeld).toBe(true);
    void first?.value?.release();
    await fleet.clock.advance(60);

    expect(waiters.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
    expect(newcomers.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending']);
  });

  it('has what its failed attempt got kept for the line again, where it gets its place back', async () => {
    const fleet = new Fleet(3);
    for (const position of [0, 1]) {
      const stranger = { resources: ['order:7'], ownerToken: `stranger-${position}`, ttlMs: 60_000 };
      fleet.node(position).acquire({ ...stranger, askHolderTtl: false }, () => undefined);
    }
    const waiting = watch(fleet.process().manager.acquire('order:7', FAIR));
    await fleet.clock.advance(500);

    const given = fleet
      .node(2)
      .sent.flatMap(({ verb, request }) => (verb === 'release' ? [request as ReleaseRequest] : []))
      .filter(({ line }) => line !== undefined);
    expect(waiting.state).toBe('pending');
    expect(given.length).toBeGreaterThan(0);
    expect(given.map(({ turnMs, wakeWaiters }) => [turnMs, wakeWaiters])).toEqual(
      given.map(() => [50, false]),
    );
  });

  describe('has a caller whose last vote comes after denials have decided', () => {
    /** The last node is the slowest, and grants. The others are taken as told. */
    function taken(...owners: { ownerToken: string; shared?: readonly string[] }[]) {
      const fleet = new Fleet(owners.length + 1);
      for (const node of fleet.nodes) node.latencyMs = 1;
      fleet.node(owners.length).latencyMs = 3;
      const requests = owners.map((owner) => ({ resources: ['order:7'], ttlMs: 60_000, ...owner }));
      requests.forEach((request, position) => {
        fleet.node(position).acquire({ ...request, askHolderTtl: false }, () => undefined);
      });
      const freeAll = () => {
        requests.forEach((request, position) => {
          fleet.node(position).release({ ...request, wakeWaiters: false }, () => undefined);
        });
      };
      return { fleet, freeAll };
    }

    it.each([
      ['half of the nodes are taken', [{ ownerToken: 'part', shared: ['order:7'] }]],
      ['two others have a node each', [{ ownerToken: 'part-1' }, { ownerToken: 'part-2' }]],
    ])('ask again soon where %s', async (_, owners) => {
      const { fleet, freeAll } = taken(...owners);
      const waiting = watch(fleet.process().manager.acquire('order:7', FAIR));
      await fleet.clock.advance(5);

      // The clean-up of a failed attempt tells nobody.
      freeAll();
      await fleet.clock.advance(9);

      expect(waiting.value?.isHeld).toBe(true);
      void waiting.value?.release();
      await fleet.clock.advance(10);
    });

    it('ask no sooner where a majority names one holder', async () => {
      const { fleet } = taken({ ownerToken: 'holder' }, { ownerToken: 'holder' });
      const caller = fleet.process();
      const waiting = watch(caller.manager.acquire('order:7', FAIR));

      await fleet.clock.advance(14);

      expect(fleet.nodes.map((node) => node.count('acquire'))).toEqual([3, 3, 2]);
      expect(waiting.state).toBe('pending');
    });
  });

  it.each<[string, LockOptions, LockTargets]>([
    ['that stand in line', FAIR, 'order:7'],
    ['that also read something else', { wait: 60_000 }, ['order:7', { shared: 'rates' }]],
    ['that also read something else, in line', FAIR, ['order:7', { shared: 'rates' }]],
  ])(
    'lets a plain caller have its turn beside callers of another process %s',
    async (_, options, targets) => {
      const fleet = new Fleet(3);
      for (const node of fleet.nodes) [node.latencyMs, node.messageMs] = [0.4, 0.8];
      const { manager } = fleet.process();
      const stop = new AbortController();
      const again = async () => {
        while (!stop.signal.aborted) {
          const lock = await manager.acquire(targets, options);
          await new Promise<void>((resolve) => fleet.clock.schedule(5, resolve));
          await lock.release();
        }
      };
      for (let i = 0; i < 4; i++) void again();
      await fleet.clock.advance(100);

      const plain = watch(fleet.process().manager.acquire('order:7', { wait: 60_000 }));
      await fleet.clock.advance(200);
      stop.abort();

      expect(plain.value?.isHeld).toBe(true);
      void plain.value?.release();
      await fleet.clock.advance(100);
    },
  );

  it('forgets a waiter that died, and gives the lock to the next about a second later', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', FAIR);
    const dead = fleet.process();
    void watch(dead.manager.acquire('order:7', FAIR));
    await fleet.clock.advance(20);
    // Its process is gone: what stands in the line on the nodes is nobody's.
    const [entry] = fleet
      .node(0)
      .sent.filter(({ request }) => 'line' in request && 'ticket' in (request.line ?? {}))
      .slice(-1);
    expect(entry).toBeDefined();
    const [live] = await queue(fleet, 1);

    await dead.manager.close(0);
    const request = entry?.request as { line: { id: string; ticket: number; entryMs: number } };
    for (const node of fleet.nodes)
      node.acquire(
        { ...request, ...{ resources: ['order:7'], ownerToken: 'dead', ttlMs: 1_000, askHolderTtl: true } },
        () => undefined,
      );
    await holder.release();
    await fleet.clock.advance(600);
    expect(live?.state).toBe('pending');
    await fleet.clock.advance(900);

    expect(live?.value?.isHeld).toBe(true);
  });

  it('wakes those behind who gives up', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', FAIR);
    const controller = new AbortController();
    const first = watch(fleet.process().manager.acquire('order:7', { ...FAIR, signal: controller.signal }));
    await fleet.clock.advance(20);
    const [second] = await queue(fleet, 1);

    controller.abort(new Error('gone'));
    await holder.release();
    await fleet.clock.advance(30);

    expect(first.state).toBe('rejected');
    expect(second?.value?.isHeld).toBe(true);
  });

  it('has the next one ask all nodes at once, since nobody else would be given it', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', FAIR);
    const [next] = await queue(fleet, 2);
    await fleet.clock.advance(100);
    const before = fleet.nodes.map((node) => node.count('acquire'));
    for (const node of fleet.nodes) node.latencyMs = 10;

    void holder.release();
    // The release is on its way for half of that; the answers to the waiter are not there yet.
    await fleet.clock.advance(8);
    const asked = fleet.nodes.map((node, position) => node.count('acquire') - (before[position] ?? 0));
    await fleet.clock.advance(20);

    // By the one behind it, too.
    expect(Math.min(...asked)).toBeGreaterThan(0);
    expect(next?.value?.isHeld).toBe(true);
  });

  it('blocks nobody by a waiter that reaches no majority', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', FAIR);
    await queue(fleet, 1);
    for (const position of [1, 2]) fleet.node(position).fault = 'refused';
    await fleet.clock.advance(2_500);

    const waiting = (await fleet.node(0).inspect('order:7'))?.waiting ?? 0;

    expect(waiting).toBe(0);
    expect(holder.isHeld).toBe(true);
  });

  it.each([
    ['fair locks', { fair: true }],
    ['permits', { limit: 1 }],
  ])('has waiters for %s that reach no majority wake each other no more than once', async (_, how) => {
    const fleet = new Fleet(3);
    const holder = fleet.process();
    await holder.manager.acquire('order:7', { ...how, autoExtend: true });
    for (let i = 0; i < 3; i++) {
      void watch(fleet.process().manager.acquire('order:7', { ...how, wait: 60_000, outageWait: 60_000 }));
      await fleet.clock.advance(20);
    }
    for (const position of [1, 2]) fleet.node(position).fault = 'refused';
    await fleet.clock.advance(500);
    const before = fleet.node(0).count('acquire');

    await fleet.clock.advance(1_000);

    // Each of the three asks again after 400 ms, and for its place in line before that.
    expect(fleet.node(0).count('acquire') - before).toBeLessThan(3 * 12);
  });

  it('leaves nothing behind on any node', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', FAIR);
    const waiters = await queue(fleet, 3);
    await holder.release();
    for (const waiter of waiters) {
      await fleet.clock.advance(100);
      await waiter.value?.release();
    }
    await fleet.clock.advance(2_000);

    expect(waiters.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved']);
    for (const node of fleet.nodes) expect(await node.inspect('order:7')).toBeNull();
  });
});
