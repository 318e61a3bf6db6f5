import { getEventListeners } from 'node:events';
import { LockBusyError } from '../../../lib/errors/lock-busy.error';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
import type { LockOptions } from '../../../lib/locking/api/lock-options';
import type { LockManager } from '../../../lib/locking/lock-manager';
import { Fleet } from '../../helpers/fleet';
import type { FaultyNode } from '../../helpers/faulty-node';
import { settle, type VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const FREE = [null, null, null];

/** Two processes, the first of which holds `order:7`. */
async function heldElsewhere(holderOptions = {}, fleet = new Fleet(3)) {
  const lock = await fleet.process().manager.acquire('order:7', holderOptions);
  const { manager, eventTypes } = fleet.process();
  return { fleet, clock: fleet.clock, nodes: fleet.nodes, lock, manager, eventTypes };
}

const requests = (nodes: readonly FaultyNode[]) => nodes.reduce((sum, node) => sum + node.sent.length, 0);

/** The next release comes to `node` later, and what others ask meanwhile overtakes it. */
function delayRelease(node: FaultyNode, clock: VirtualClock, delayMs: number): void {
  const release = node.release.bind(node);
  jest.spyOn(node, 'release').mockImplementationOnce((request, vote) => {
    clock.schedule(delayMs, () => {
      release(request, vote);
    });
  });
}

/** Nothing is kept of those who waited. Looks inside: from outside, a leak shows only after days. */
function whatIsKept(manager: LockManager): unknown {
  const { acquisitionSetup, acquisitions } = manager as unknown as {
    acquisitionSetup: { line: { isEmpty: boolean } };
    acquisitions: { size: number };
  };
  return { lineIsEmpty: acquisitionSetup.line.isEmpty, waits: acquisitions.size };
}

describe('waiting for a lock', () => {
  it('that another process holds ends busy at the deadline, and tells who denied', async () => {
    const { clock, manager } = await heldElsewhere();

    const waiter = watch(manager.acquire('order:7', { wait: 2_000 }));
    await clock.advance(1_999);
    expect(waiter.state).toBe('pending');
    await clock.advance(1);

    expect(waiter.error).toBeInstanceOf(LockBusyError);
    expect(waiter.error).toMatchObject({ resources: ['order:7'], waitedMs: 2_000 });
    expect((waiter.error as LockBusyError).votes.map(({ vote }) => vote)).toEqual([
      'denied',
      'denied',
      'denied',
    ]);
  });

  it('after votes were split asks again no sooner than an attempt takes, from the first one on', async () => {
    // Nodes that tell of nothing: a new subscription is a hint too.
    const fleet = new Fleet(3, { tellsReleases: false });
    for (const node of fleet.nodes) node.latencyMs = 100;
    for (const [position, ownerToken] of [
      [1, 'one'],
      [2, 'another'],
    ] as const) {
      const request = { resources: ['order:7'], ownerToken, ttlMs: 60_000, askHolderTtl: false };
      fleet.node(position).acquire(request, () => undefined);
    }
    await fleet.clock.advance(100);

    void fleet
      .process()
      .manager.acquire('order:7', { wait: 30_000 })
      .catch(() => undefined);
    await fleet.clock.advance(199);
    expect(fleet.node(0).count('acquire')).toBe(1);
    await fleet.clock.advance(1);
    expect(fleet.node(0).count('acquire')).toBe(2);
  });

  it('with wait 0 makes one attempt', async () => {
    const { nodes, manager } = await heldElsewhere();
    const before = nodes.map((node) => node.count('acquire'));

    await expect(manager.acquire('order:7', { wait: 0 })).rejects.toThrow(LockBusyError);

    expect(nodes.map((node, position) => node.count('acquire') - (before[position] ?? 0))).toEqual([1, 1, 1]);
  });

  it('with wait Infinity goes on until it is free', async () => {
    const { clock, lock, manager } = await heldElsewhere();
    const waiter = watch(manager.acquire('order:7', { wait: Infinity }));

    await clock.advance(3_600_000);
    expect(waiter.state).toBe('pending');
    await lock.release();
    await clock.advance(10);

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('ends within the wait and one node timeout while all nodes are silent', async () => {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) node.fault = 'deaf';

    const waiter = watch(fleet.process().manager.acquire('order:7', { wait: 1_000 }));
    await fleet.clock.advance(1_500);

    expect(waiter.error).toBeInstanceOf(LockUnavailableError);
    expect(waiter.error).toMatchObject({
      votes: [{ vote: 'failed' }, { vote: 'failed' }, { vote: 'failed' }],
    });
  });

  it('gets the lock of nodes that come back in time', async () => {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) node.refuse();
    const waiter = watch(fleet.process().manager.acquire('order:7', { outageWait: Infinity }));
    await fleet.clock.advance(3_000);

    for (const node of fleet.nodes) node.recover();
    await fleet.clock.advance(5);

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('during an outage asks again with growing delays, in no hot loop', async () => {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) node.refuse();

    const waiter = watch(fleet.process().manager.acquire('order:7', { wait: 5_000, outageWait: 5_000 }));
    await fleet.clock.advance(5_000);

    expect(waiter.state).toBe('rejected');
    // At 0, 0, 50, 150 and 350 ms, then every 400 ms, and at the deadline.
    expect(fleet.node(0).count('acquire')).toBe(17);
  });

  it('is woken by a release and does not poll', async () => {
    const { clock, nodes, lock, manager } = await heldElsewhere({ ttl: 60_000 });
    const waiter = watch(manager.acquire('order:7', { wait: 60_000, ttl: 60_000 }));
    await clock.advance(500);
    const before = requests(nodes);
    await clock.advance(400);
    expect(requests(nodes)).toBe(before);

    await lock.release();
    await settle();

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('is woken by the release of any of several resources in its way', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('b', { ttl: 60_000 });
    const waiter = watch(fleet.process().manager.acquire(['a', 'b', 'c'], { wait: 60_000 }));
    await fleet.clock.advance(10);

    await holder.release();
    await settle();

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('asks when a majority of the holder is due to expire, without any word of a release', async () => {
    const { clock, manager, nodes } = await heldElsewhere({ ttl: 800, autoExtend: false });
    const waiter = watch(manager.acquire('order:7', { wait: 5_000 }));
    await settle();
    // The holder is dead: nobody releases.
    for (const node of nodes) jest.spyOn(node, 'release').mockImplementation(() => undefined);

    await clock.advance(808);

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('polls with jitter and a bound where nodes do not tell of releases', async () => {
    const fleet = new Fleet(3, { tellsReleases: false });
    const { clock, nodes, lock, manager } = await heldElsewhere({ ttl: 60_000 }, fleet);
    const waiter = watch(manager.acquire('order:7', { wait: 60_000, ttl: 60_000 }));
    const before = nodes[0]?.count('acquire') ?? 0;
    await clock.advance(10_000);
    const polls = (nodes[0]?.count('acquire') ?? 0) - before;
    expect(polls).toBeGreaterThan(70);
    expect(polls).toBeLessThan(90);

    await lock.release();
    await clock.advance(128);

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('where nodes do not tell of releases waits before it asks the second time', async () => {
    const fleet = new Fleet(3, { tellsReleases: false });
    const { clock, nodes, manager } = await heldElsewhere({}, fleet);
    const before = nodes[0]?.count('acquire') ?? 0;

    void watch(manager.acquire('order:7'));
    await clock.advance(7);

    expect((nodes[0]?.count('acquire') ?? 0) - before).toBe(1);
  });

  it('where nodes tell of releases subscribes, tries again, makes sure once, and sleeps', async () => {
    const { clock, nodes, manager } = await heldElsewhere();
    const before = nodes[0]?.count('acquire') ?? 0;

    void watch(manager.acquire('order:7'));
    await clock.advance(900);

    expect((nodes[0]?.count('acquire') ?? 0) - before).toBe(3);
  });

  it('misses no release between its first attempt and its subscription', async () => {
    const { fleet, clock, lock, manager } = await heldElsewhere({ ttl: 60_000 });
    const node = fleet.node(0);
    const subscribe = node.onReleased.bind(node);
    jest.spyOn(node, 'onReleased').mockImplementationOnce((resource, wake) => {
      void lock.release();
      return subscribe(resource, wake);
    });

    const waiter = watch(manager.acquire('order:7', { wait: 60_000 }));
    await clock.advance(5);

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('asks the holder’s ttl from the second attempt on', async () => {
    const { nodes, manager } = await heldElsewhere();

    void watch(manager.acquire('order:7'));
    await settle();

    const asked = nodes[0]?.sent.filter(({ verb }) => verb === 'acquire').map(({ request }) => request);
    expect(asked).toMatchObject([{ askHolderTtl: false }, { askHolderTtl: false }, { askHolderTtl: true }]);
  });

  it('wakes nobody with the clean-up of a failed attempt', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('order:7', { ttl: 60_000 });
    await fleet.node(0).steal('order:7');
    void watch(fleet.process().manager.acquire('order:7', { wait: 60_000, ttl: 60_000 }));
    // Until it has made sure that it is held, although node a grants.
    await fleet.clock.advance(1_000);
    const before = requests(fleet.nodes);

    // It gets node a, is denied by b and c, and gives a back.
    await expect(fleet.process().manager.acquire('order:7', { wait: 0 })).rejects.toThrow(LockBusyError);
    await fleet.clock.advance(100);

    expect(requests(fleet.nodes) - before).toBe(3 + 1);
    expect(holder.isHeld).toBe(true);
  });

  it('does not ask again and again for a node that the holder missed', async () => {
    const { fleet, clock, lock, manager } = await heldElsewhere({ ttl: 60_000 });
    await fleet.node(0).steal('order:7');
    const waiter = watch(manager.acquire('order:7', { wait: 60_000, ttl: 60_000 }));

    await clock.advance(1_000);

    // Subscribed, tried again, and made sure once; its own partial grants are in nobody's way.
    expect(fleet.node(0).count('acquire')).toBe(1 + 3);
    expect((await fleet.owners('order:7'))[0]).toBeNull();
    await lock.release();
    await clock.advance(10);
    expect(waiter.value?.isHeld).toBe(true);
  });

  it('is not held up by a holder whose release it was told of, and that a majority still has', async () => {
    const { fleet, clock, lock, manager } = await heldElsewhere({ ttl: 60_000 });
    const waiter = watch(manager.acquire('order:7', { wait: 60_000, ttl: 60_000 }));
    await clock.advance(1_000);
    for (const node of fleet.nodes.slice(1)) delayRelease(node, clock, 6);

    void lock.release();
    await clock.advance(15);

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('hears a release of one resource on slow nodes although another holder was in the way meanwhile', async () => {
    const fleet = new Fleet(3);
    const first = await fleet.process().manager.acquire('a', { ttl: 50_000 });
    const second = await fleet.process().manager.acquire('b', { ttl: 60_000 });
    const waiter = watch(fleet.process().manager.acquire(['a', 'b'], { wait: 20_000 }));
    await fleet.clock.advance(1_000);
    for (const node of fleet.nodes.slice(1)) delayRelease(node, fleet.clock, 500);

    void first.release();
    await fleet.clock.advance(100);
    void second.release();
    await fleet.clock.advance(450);

    expect(waiter.value?.isHeld).toBe(true);
  });

  describe('that is told of a release while it asks', () => {
    /** All nodes have a holder, and the waiter is asleep; says how often it asks when the nodes tell of `tellings`. */
    async function attemptsAfter(tellings: readonly (readonly [node: number, released?: string])[]) {
      const fleet = new Fleet(3);
      for (const node of fleet.nodes) node.latencyMs = 10;
      const wakes = fleet.nodes.map((node) => jest.spyOn(node, 'onReleased'));
      const held = fleet.process().manager.acquire('order:7', { ttl: 60_000 });
      await fleet.clock.advance(50);
      await held;
      void watch(fleet.process().manager.acquire('order:7', { wait: 60_000, ttl: 60_000 }));
      await fleet.clock.advance(1_000);
      const before = fleet.node(0).count('acquire');
      for (const [position, released] of tellings) {
        wakes[position]?.mock.calls[0]?.[1](released, 1);
        // Long enough for the attempt to begin, and not to end.
        await fleet.clock.advance(5);
      }
      // Before it makes sure that nobody missed anything.
      await fleet.clock.advance(12);
      return fleet.node(0).count('acquire') - before;
    }

    it('goes back to sleep when somebody else has it since', async () => {
      expect(await attemptsAfter([[1, 'before']])).toBe(1);
      expect(
        await attemptsAfter([
          [1, 'before'],
          [2, 'before'],
        ]),
      ).toBe(1);
      expect(await attemptsAfter([[1], [2, 'before']])).toBe(1);
    });

    it('asks again when a node does not say whose it was', async () => {
      expect(await attemptsAfter([[1, 'before'], [2]])).toBe(2);
    });
  });

  it('uses a new owner token for every attempt', async () => {
    const { clock, nodes, manager } = await heldElsewhere();

    void watch(manager.acquire('order:7', { wait: 10_000 }));
    await clock.advance(9_000);

    const tokens = nodes[0]?.sent
      .filter(({ verb }) => verb === 'acquire')
      .map(({ request }) => request.ownerToken);
    expect(tokens?.length).toBeGreaterThan(2);
    expect(new Set(tokens).size).toBe(tokens?.length);
  });

  it('keeps nothing when it is over', async () => {
    const { clock, lock, manager } = await heldElsewhere();
    void watch(manager.acquire('order:7', { wait: 1_000 }));
    void watch(manager.acquire('order:7', { wait: 500 }));

    await clock.advance(1_000);
    await lock.release();
    await clock.advance(1_000);

    expect(whatIsKept(manager)).toEqual({ lineIsEmpty: true, waits: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('stops to listen to the nodes when it is over', async () => {
    const { fleet, clock, manager } = await heldElsewhere();
    const listeners = () => fleet.nodes.map((node) => node.subscriptionCount);
    void watch(manager.acquire('order:7', { wait: 1_000 }));
    await clock.advance(100);
    expect(listeners()).toEqual([1, 1, 1]);

    await clock.advance(1_000);

    expect(listeners()).toEqual([0, 0, 0]);
  });

  it('asks again when a node is up again', async () => {
    const { fleet, clock, manager } = await heldElsewhere();
    void watch(manager.acquire('order:7', { wait: 1_000 }));
    await clock.advance(500);
    const before = requests(fleet.nodes);

    fleet.node(0).tell({ status: 'up' });
    await clock.advance(50);
    expect(requests(fleet.nodes)).toBeGreaterThan(before);
  });

  describe('in the line of its own process', () => {
    it('asks no node while somebody of this process holds it', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      await manager.acquire('order:7', { ttl: 60_000 });
      const before = requests(fleet.nodes);

      const waiter = watch(manager.acquire('order:7', { wait: 5_000 }));
      await fleet.clock.advance(5_000);

      expect(requests(fleet.nodes)).toBe(before);
      expect(waiter.error).toBeInstanceOf(LockBusyError);
      expect(waiter.error).toMatchObject({ votes: [], waitedMs: 5_000 });
    });

    it('with wait 0 is busy at once', async () => {
      const { manager } = new Fleet(3).process();
      await manager.acquire('order:7');

      await expect(manager.acquire('order:7', { wait: 0 })).rejects.toThrow(/another caller of this process/);
    });

    it('is served first come first served, and each attempt is won at the first try', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const served: number[] = [];

      const all = Array.from({ length: 20 }, async (_, number) => {
        const lock = await manager.acquire('order:7');
        served.push(number);
        await lock.release();
      });
      await Promise.all(all);

      expect(served).toEqual(Array.from({ length: 20 }, (_, number) => number));
      // The first has nobody behind it when it wins; the second hands over to all others.
      expect(fleet.nodes.map((node) => node.count('acquire'))).toEqual([2, 2, 2]);
      // One question is for several of them.
      for (const node of fleet.nodes) expect(node.count('extend')).toBeLessThan(18 / 2);
    });

    it('forgets none of 1,000 waiters', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      let inside = 0;
      let most = 0;

      await Promise.all(
        Array.from({ length: 1_000 }, async () => {
          const lock = await manager.acquire('order:7', { wait: Infinity });
          most = Math.max(most, ++inside);
          await Promise.resolve();
          inside -= 1;
          await lock.release();
        }),
      );

      await fleet.clock.advance(1_000);

      expect(most).toBe(1);
      expect(whatIsKept(manager)).toEqual({ lineIsEmpty: true, waits: 0 });
      expect(fleet.clock.pendingTimers).toBe(0);
    });

    describe('with 12,000 callers in it', () => {
      const MANY = 12_000;
      const crowd = (manager: LockManager, options: LockOptions) =>
        Array.from({ length: MANY }, () =>
          watch(manager.acquire('order:7', { maxWaiting: MANY, ...options })),
        );

      it('ends for all of them when the service is closed', async () => {
        const { manager } = new Fleet(3).process();
        await manager.acquire('order:7');
        const waiting = crowd(manager, { wait: Infinity });

        void manager.close(0);
        await settle();

        expect(waiting.every(({ error }) => error instanceof LockUnavailableError)).toBe(true);
      });

      it('tells all of them at once that the nodes are away', async () => {
        const fleet = new Fleet(3);
        const { manager } = fleet.process();
        const first = await manager.acquire('order:7');
        const waiting = crowd(manager, { wait: 60_000 });
        for (const node of fleet.nodes) node.fault = 'stalled';

        void first.release();
        await fleet.clock.advance(3_000);

        expect(waiting.every(({ error }) => error instanceof LockUnavailableError)).toBe(true);
      });

      it('lets all readers come to the hold of the first of them', async () => {
        const fleet = new Fleet(3);
        const { manager } = fleet.process();
        const writer = await manager.acquire('order:7');
        const waiting = crowd(manager, { wait: 60_000, mode: 'shared' });

        await writer.release();
        await fleet.clock.advance(10);

        expect(waiting.every(({ value }) => value?.isHeld === true)).toBe(true);
      });

      it('ends for all of them at their deadline, with one timer', async () => {
        const fleet = new Fleet(3);
        const { manager } = fleet.process();
        await manager.acquire('order:7', { maxHold: 1_000_000 });
        const timers = fleet.clock.pendingTimers;
        const waiting = crowd(manager, { wait: 1_000 });
        expect(fleet.clock.pendingTimers).toBe(timers + 1);

        await fleet.clock.advance(999);
        expect(waiting.every(({ state }) => state === 'pending')).toBe(true);
        await fleet.clock.advance(1);

        expect(waiting.every(({ error }) => error instanceof LockBusyError)).toBe(true);
        expect(whatIsKept(manager)).toMatchObject({ waits: 0 });
        expect(fleet.clock.pendingTimers).toBeLessThanOrEqual(timers);
      });
    });

    it('that gives up in the middle lets the others pass', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const first = await manager.acquire('order:7', { ttl: 60_000 });
      const impatient = watch(manager.acquire('order:7', { wait: 100 }));
      const patient = watch(manager.acquire('order:7', { wait: 10_000 }));

      await fleet.clock.advance(200);
      await first.release();
      await settle();

      expect(impatient.state).toBe('rejected');
      expect(patient.value?.isHeld).toBe(true);
    });

    it('of several resources in opposite orders does not deadlock', async () => {
      const { manager } = new Fleet(3).process();
      let turns = 0;

      await Promise.all(
        Array.from({ length: 50 }, async (_, number) => {
          const lock = await manager.acquire(number % 2 === 0 ? ['a', 'b'] : ['b', 'a'], { wait: Infinity });
          turns += 1;
          await lock.release();
        }),
      );

      expect(turns).toBe(50);
    });

    it('is served when the lock before it is lost', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      await manager.acquire('order:7', { maxHold: 1_000 });
      const waiter = watch(manager.acquire('order:7'));

      await fleet.clock.advance(1_000);

      expect(waiter.value?.isHeld).toBe(true);
    });
  });

  describe('that is aborted', () => {
    it('rejects with the reason at once when it is so from the beginning, and asks no node', async () => {
      const fleet = new Fleet(3);

      const aborted = fleet.process().manager.acquire('order:7', { signal: AbortSignal.abort('no') });

      await expect(aborted).rejects.toBe('no');
      expect(requests(fleet.nodes)).toBe(0);
    });

    it('in line rejects at once and lets those behind it pass', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const holder = await manager.acquire('order:7');
      const controller = new AbortController();
      const aborted = watch(manager.acquire('order:7', { signal: controller.signal }));
      const behind = watch(manager.acquire('order:7'));

      controller.abort('no');
      await settle();
      expect(aborted).toEqual({ state: 'rejected', error: 'no' });
      await holder.release();
      await settle();

      expect(behind.value?.isHeld).toBe(true);
    });

    it('between two attempts rejects at once', async () => {
      const { clock, manager } = await heldElsewhere();
      const controller = new AbortController();
      const aborted = watch(manager.acquire('order:7', { signal: controller.signal }));
      await clock.advance(50);

      controller.abort('no');
      await settle();

      expect(aborted).toEqual({ state: 'rejected', error: 'no' });
      expect(whatIsKept(manager)).toEqual({ lineIsEmpty: true, waits: 0 });
    });

    it('in the middle of an attempt rejects at once, and what it still wins is released', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const controller = new AbortController();
      for (const node of fleet.nodes) node.fault = 'stalled';
      const aborted = watch(manager.acquire('order:7', { signal: controller.signal }));

      controller.abort('no');
      await settle();
      expect(aborted).toEqual({ state: 'rejected', error: 'no' });
      for (const node of fleet.nodes) node.recover();
      await settle();

      expect(await fleet.owners('order:7')).toEqual(FREE);
    });

    it('in the middle of an attempt keeps its place until the nodes have answered', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const controller = new AbortController();
      for (const node of fleet.nodes) node.fault = 'mute';
      void watch(manager.acquire('order:7', { signal: controller.signal }));
      const next = watch(manager.acquire('order:7'));

      controller.abort('no');
      await settle();
      expect(fleet.node(0).count('acquire')).toBe(1);
      for (const node of fleet.nodes) node.recover();
      await settle();

      expect(next.value?.isHeld).toBe(true);
      expect(fleet.nodes.map((node) => node.count('acquire'))).toEqual([2, 2, 2]);
    });

    it('does not stop the clean-up of its failed attempt', async () => {
      const fleet = new Fleet(3);
      await fleet.process().manager.acquire('order:7', { ttl: 60_000 });
      await fleet.node(0).steal('order:7');
      const controller = new AbortController();
      fleet.node(0).fault = 'mute';
      const aborted = watch(
        fleet.process().manager.acquire('order:7', { signal: controller.signal, wait: 0 }),
      );

      controller.abort('no');
      await settle();
      fleet.node(0).recover();
      await fleet.clock.advance(1);

      expect(aborted.state).toBe('rejected');
      expect(await fleet.node(0).owner('order:7')).toBeNull();
    });

    it('after it got the lock changes nothing', async () => {
      const { manager } = new Fleet(3).process();
      const controller = new AbortController();
      const lock = await manager.acquire('order:7', { signal: controller.signal });

      controller.abort('no');
      await settle();

      expect(lock.isHeld).toBe(true);
      expect(lock.signal.aborted).toBe(false);
    });

    it('at any moment around the deciding vote either has the lock or leaves nothing behind', async () => {
      const states: string[] = [];
      for (let moment = 0; moment < 20; moment++) {
        const fleet = new Fleet(3);
        for (const node of fleet.nodes) node.fault = 'mute';
        const controller = new AbortController();
        const waiter = watch(fleet.process().manager.acquire('order:7', { signal: controller.signal }));
        const answers = fleet.nodes.map((node) => () => {
          node.recover();
        });

        for (let step = 0; step < moment; step++) {
          if (answers.length === 0) await Promise.resolve();
          else answers.shift()?.();
        }
        controller.abort('no');
        for (const answer of answers) answer();
        await settle();

        const isLocked = (await fleet.owners('order:7')).some((owner) => owner !== null);
        expect([moment, isLocked]).toEqual([moment, waiter.state === 'resolved']);
        states.push(waiter.state);
      }

      expect(new Set(states)).toEqual(new Set(['rejected', 'resolved']));
    });
  });

  it.each([
    ['gets the lock', 'resolved'],
    ['is cancelled', 'rejected'],
    ['is busy', 'rejected'],
  ])('leaves no listener at the signal of a caller who %s', async (how, state) => {
    const { clock, lock, manager } = await heldElsewhere();
    const controller = new AbortController();
    const { signal } = controller;
    const waiters = Array.from({ length: 3 }, () => watch(manager.acquire('order:7', { signal, wait: 500 })));
    await clock.advance(100);
    expect(getEventListeners(signal, 'abort')).not.toHaveLength(0);

    if (how === 'is cancelled') controller.abort();
    if (how === 'gets the lock') await lock.release();
    await clock.advance(1_000);

    expect(waiters[0]?.state).toBe(state);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('releases what was won for a caller who cancels between the vote and its turn to run', async () => {
    const came: string[] = [];
    for (let moment = 0; moment < 12; moment++) {
      const { fleet, clock, lock, manager, eventTypes } = await heldElsewhere();
      const controller = new AbortController();
      const waiter = watch(manager.acquire('order:7', { signal: controller.signal, wait: 5_000 }));
      await clock.advance(100);
      for (const node of fleet.nodes) node.fault = 'mute';
      void lock.release();
      await clock.advance(1);

      for (const node of fleet.nodes) node.recover();
      for (let turn = 0; turn < moment; turn++) await Promise.resolve();
      const wasHanded = eventTypes().includes('acquired');
      controller.abort('no');
      await clock.advance(100);

      const isLocked = (await fleet.owners('order:7')).some((owner) => owner !== null);
      expect([moment, waiter.state, isLocked]).toEqual([
        moment,
        wasHanded ? 'resolved' : 'rejected',
        wasHanded,
      ]);
      came.push(waiter.state);
    }

    expect(new Set(came)).toEqual(new Set(['rejected', 'resolved']));
  });

  describe('tells busy and unavailable apart', () => {
    const states = ['free', 'held', 'refused'] as const;
    const everySplit = (length: number): (typeof states)[number][][] =>
      length === 0
        ? [[]]
        : everySplit(length - 1).flatMap((split) => states.map((state) => [...split, state]));

    it.each([1, 2, 3, 4, 5])(
      'on %i nodes, for every split into free, held and unreachable ones',
      async (nodeCount) => {
        for (const split of everySplit(nodeCount)) {
          const fleet = new Fleet(nodeCount);
          await fleet.process().manager.acquire('order:7', { ttl: 60_000 });
          for (const [position, state] of split.entries()) {
            if (state !== 'held') await fleet.node(position).steal('order:7');
            if (state === 'refused') fleet.node(position).refuse();
          }

          const result = watch(fleet.process().manager.acquire('order:7', { wait: 0 }));
          await fleet.clock.advance(1_000);

          const quorum = Math.floor(nodeCount / 2) + 1;
          const free = split.filter((state) => state === 'free').length;
          const reachable = split.filter((state) => state !== 'refused').length;
          const expected =
            free >= quorum ? 'lock' : reachable >= quorum ? 'LockBusyError' : 'LockUnavailableError';
          expect([split, result.value === undefined ? (result.error as Error).name : 'lock']).toEqual([
            split,
            expected,
          ]);
        }
      },
    );

    it('when the last attempt is busy after an outage', async () => {
      const { fleet, clock, manager } = await heldElsewhere({ ttl: 60_000 });
      for (const node of fleet.nodes) node.refuse();
      const waiter = watch(manager.acquire('order:7', { wait: 3_000 }));
      await clock.advance(300);

      for (const node of fleet.nodes) node.recover();
      await clock.advance(2_700);

      expect(waiter.error).toBeInstanceOf(LockBusyError);
    });
  });

  it('does not block itself with the partial grants of a failed attempt', async () => {
    const { fleet, clock, lock, manager } = await heldElsewhere({ ttl: 60_000 });
    await fleet.node(0).steal('order:7');
    const waiter = watch(manager.acquire('order:7', { wait: 10_000, ttl: 60_000 }));
    await clock.advance(3_000);

    await lock.release();
    await clock.advance(10);

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('takes no majority of orphans along when nodes granted but never answered', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    for (const node of fleet.nodes) node.fault = 'mute';
    const waiter = watch(manager.acquire('order:7', { wait: 0, ttl: 60_000 }));
    await fleet.clock.advance(500);
    expect(waiter.error).toBeInstanceOf(LockUnavailableError);

    for (const node of fleet.nodes) node.recover();
    await settle();

    expect(await fleet.owners('order:7')).toEqual(FREE);
  });
});
