import type { ExtendRequest, ReleaseRequest } from '../../../lib/ports/lock-node.interface';
import type { HeldLock } from '../../../lib/locking/holding/held-lock';
import type { LockOptions } from '../../../lib/locking/api/lock-options';
import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';
import { type Watched, watch } from '../../helpers/watch';

const FREE = [null, null, null];

/** The nodes were asked to put one hold in the place of another. */
const handOvers = (fleet: Fleet, position = 0) =>
  fleet
    .node(position)
    .sent.filter(({ request }) => (request as ExtendRequest).replaces !== undefined)
    .map(({ request }) => request as ExtendRequest);

/** A successor waits until the nodes have answered if it could not go on when they do not. */
const PATIENT = { autoExtend: false };

/**
 * A holder, and waiters behind it in the same process. The line stood there when the holder won. Each has a name of its own,
 * which is a part of the owner token: so nobody gets a lease as it is.
 */
async function lineOf(count: number, { fleet = new Fleet(3), options = {}, nodeTimeoutMs = 500 } = {}) {
  const process = fleet.process({ nodeTimeoutMs });
  const first = await process.manager.acquire('order:7');
  const waiters = Array.from({ length: count }, (_, i) =>
    watch(process.manager.acquire('order:7', { wait: 10_000, label: `w${i}`, ...options })),
  );
  const last = watch(process.manager.acquire('order:7', { wait: 10_000 }));
  // It won before there was a line, so it does not pass it on: who follows it does.
  await first.release();
  await fleet.clock.advance(10);
  const [head, ...rest] = waiters as [Watched<HeldLock>, ...Watched<HeldLock>[]];
  if (head.value === undefined) throw new Error('the first of the line does not hold');
  return { fleet, process, clock: fleet.clock, holder: head.value, waiters: rest, last };
}

describe('a hold that was taken away before it was handed over', () => {
  it.each([
    ['while the nodes have not answered yet', false],
    ['when they have', true],
  ])('is told as lost to the successor that is done %s', async (_, isAnswered) => {
    const { fleet, process, clock, holder, waiters } = await lineOf(2);
    await process.manager.forceRelease('order:7');
    await fleet.process().manager.acquire('order:7', { ttl: 30_000 });
    for (const node of fleet.nodes) node.fault = 'stalled';
    const first = watch(holder.release());
    await settle();
    const successor = waiters[0]?.value as HeldLock;
    const { signal } = successor;
    expect(successor.isHeld).toBe(true);

    const second = isAnswered ? undefined : watch(successor.release());
    for (const node of fleet.nodes) node.recover();
    await clock.advance(100);

    expect(first.value).toBe('expired');
    expect(holder.lossError).toMatchObject({ reason: 'gone' });
    expect(successor.lossError).toMatchObject({ reason: 'gone' });
    expect(signal.aborted).toBe(true);
    expect(second === undefined ? await successor.release() : second.value).toBe('expired');
    const lost = process.events.flatMap((event) => (event.type === 'lost' ? event.ownerToken : []));
    expect(lost.sort()).toEqual([holder.ownerToken, successor.ownerToken].sort());
    expect(process.eventTypes().filter((type) => type === 'released')).toHaveLength(1);
  });

  it('is told to whoever ran a task under it, although the task was done before the nodes had answered', async () => {
    const fleet = new Fleet(3);
    const { manager, service } = fleet.process();
    const first = await manager.acquire('order:7');
    const holder = watch(manager.acquire('order:7', { wait: 10_000 }));
    const task = watch(service.withLock('order:7', () => 'done'));
    await first.release();
    await fleet.clock.advance(10);
    await manager.forceRelease('order:7');
    await fleet.process().manager.acquire('order:7', { ttl: 30_000 });
    for (const node of fleet.nodes) node.fault = 'stalled';

    void holder.value?.release();
    await settle();
    for (const node of fleet.nodes) node.recover();
    await fleet.clock.advance(100);

    expect(task.value).toBeUndefined();
    expect(task.error).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
  });

  it('wakes those who wait in other processes when it could not be taken over', async () => {
    const { fleet, clock, holder, waiters } = await lineOf(2, { options: PATIENT });
    const elsewhere = watch(fleet.process().manager.acquire('order:7', { wait: 5_000 }));
    await clock.advance(10);
    // Its key is gone on a majority: the successor gets it put back there, which is no vote, and releases it.
    const { ownerToken } = holder;
    for (const node of fleet.nodes.slice(0, 2)) {
      node.release({ resources: ['order:7'], ownerToken, ttlMs: 1, wakeWaiters: false }, () => undefined);
    }
    const before = fleet.nodes.map(({ sent }) => sent.length);

    await holder.release();
    await settle();

    const cleanUps = fleet.nodes.flatMap(({ sent }, i) =>
      sent.slice(before[i]).filter(({ verb }) => verb === 'release'),
    );
    expect(handOvers(fleet)).not.toHaveLength(0);
    expect(waiters[0]?.value).toBeUndefined();
    expect(cleanUps).not.toHaveLength(0);
    expect(cleanUps.every(({ request }) => (request as ReleaseRequest).wakeWaiters)).toBe(true);
    expect(elsewhere.error).toBeUndefined();
  });
});

describe('a hold that is handed over', () => {
  it('costs one request per node, in which the new owner token takes the place of the old one', async () => {
    const { fleet, holder, waiters } = await lineOf(2);
    const before = fleet.nodes.map(({ sent }) => sent.length);

    const outcome = await holder.release();
    await settle();

    const successor = waiters[0]?.value;
    expect(outcome).toBe('released');
    expect(successor?.isHeld).toBe(true);
    expect(successor?.ownerToken).not.toBe(holder.ownerToken);
    expect(fleet.nodes.map(({ sent }, i) => sent.length - (before[i] ?? 0))).toEqual([1, 1, 1]);
    expect(handOvers(fleet).at(-1)).toMatchObject({
      replaces: holder.ownerToken,
      ownerToken: successor?.ownerToken,
    });
    expect(await fleet.owners('order:7')).toEqual(Array.from({ length: 3 }, () => successor?.ownerToken));
  });

  it('has a validity of its own, from before the request left', async () => {
    const fleet = new Fleet(3);
    const { clock, holder, waiters } = await lineOf(2, {
      fleet,
      options: { ttl: 10_000, autoExtend: false },
    });
    await clock.advance(50);
    expect(holder.remainingMs).toBeLessThan(9_898);

    const released = holder.release();
    clock.stall(100);
    await released;
    await settle();

    // The nodes answered at once, and the time stood still until they had: then 100 ms passed before anybody looked.
    expect(waiters[0]?.value?.remainingMs).toBeCloseTo(10_000 * 0.99 - 2 - 100);
  });

  it('asks the nodes for the ttl of the one who gets it', async () => {
    const fleet = new Fleet(3);
    const process = fleet.process();
    const first = await process.manager.acquire('order:7');
    const head = watch(process.manager.acquire('order:7', { ttl: 5_000 }));
    const successor = watch(process.manager.acquire('order:7', { ttl: 30_000 }));
    await first.release();
    await settle();

    await head.value?.release();
    await settle();

    expect(successor.value?.remainingMs).toBeCloseTo(30_000 * 0.99 - 2);
    expect(handOvers(fleet).at(-1)?.ttlMs).toBe(30_000);
  });

  it('never has two owners, and never a token twice, along the whole line', async () => {
    const { holder, waiters } = await lineOf(20);
    const tokens = [holder.ownerToken];
    let current: HeldLock | undefined = holder;

    for (const waiter of waiters) {
      expect(waiter.state).toBe('pending');
      await current?.release();
      await settle();
      expect(current?.isHeld).toBe(false);
      current = waiter.value;
      expect(current?.isHeld).toBe(true);
      tokens.push(current?.ownerToken ?? '');
    }

    expect(new Set(tokens).size).toBe(20);
  });

  it('is begun by the next one before the nodes answer, with a token of its own and what is left', async () => {
    const { fleet, clock, holder, waiters, process } = await lineOf(2);
    for (const node of fleet.nodes) node.fault = 'stalled';
    await clock.advance(50);

    const released = watch(holder.release());
    await settle();

    const successor = waiters[0]?.value;
    expect(successor?.isHeld).toBe(true);
    expect(successor?.ownerToken).not.toBe(holder.ownerToken);
    expect(successor?.remainingMs).toBeCloseTo(10_000 * 0.99 - 2 - 60);
    expect(released.state).toBe('pending');

    for (const node of fleet.nodes) node.recover();
    await settle();
    expect(released.value).toBe('released');
    expect(successor?.remainingMs).toBeCloseTo(10_000 * 0.99 - 2);
    expect(await fleet.owners('order:7')).toEqual(Array.from({ length: 3 }, () => successor?.ownerToken));
    // That the nodes confirmed it is no news.
    expect(process.eventTypes()).not.toContain('extended');
  });

  it.each([
    ['cannot be extended if the nodes do not answer in time', PATIENT],
    ['would have less than half of its ttl', { ttl: 30_000 }],
    ['gets a number from the nodes', { fencing: true }],
  ])('is not begun before the nodes answer by one that %s', async (_, options) => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const first = await manager.acquire('order:7');
    const head = watch(manager.acquire('order:7', { wait: 10_000 }));
    const successor = watch(manager.acquire('order:7', { wait: 10_000, ...options }));
    await first.release();
    await settle();
    for (const node of fleet.nodes) node.fault = 'stalled';

    void head.value?.release();
    await settle();
    expect(successor.state).toBe('pending');
    for (const node of fleet.nodes) node.recover();
    await settle();

    expect(successor.value?.isHeld).toBe(true);
  });

  it('is kept alive by the next one when the nodes answer late', async () => {
    const { fleet, clock, holder, waiters } = await lineOf(2);
    for (const node of fleet.nodes) node.fault = 'deaf';
    const released = watch(holder.release());
    await clock.advance(2_000);
    expect(released.value).toBe('unknown');
    expect(await fleet.owners('order:7')).toEqual(Array.from({ length: 3 }, () => holder.ownerToken));

    for (const node of fleet.nodes) node.recover();
    await clock.advance(10_000);

    const successor = waiters[0]?.value;
    expect(successor?.isHeld).toBe(true);
    expect(await fleet.owners('order:7')).toEqual(Array.from({ length: 3 }, () => successor?.ownerToken));
    expect(await successor?.release()).toBe('released');
  });

  it('is lost with what was left when the nodes do not answer at all', async () => {
    const { fleet, clock, holder, waiters } = await lineOf(2);
    for (const node of fleet.nodes) node.fault = 'deaf';
    const leftMs = holder.remainingMs;
    void holder.release();
    await settle();
    const successor = waiters[0]?.value;

    await clock.advance(leftMs - 1);
    expect(successor?.signal.aborted).toBe(false);
    await clock.advance(2);

    expect(successor?.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'expired' });
  });

  it('leaves nothing there when the next one ends before the nodes have confirmed it', async () => {
    const { fleet, clock, holder, process, waiters } = await lineOf(2);
    for (const node of fleet.nodes) node.fault = 'deaf';
    void holder.release();
    await clock.advance(1_000);

    const successor = waiters[0]?.value;
    if (successor === undefined) throw new Error('nobody holds');
    const released = watch(successor.release());
    for (const node of fleet.nodes) node.recover();
    const closed = process.service.close();
    await clock.advance(5_000);
    await closed;

    // The token of the one before it was there.
    expect(released.value).toBe('unknown');
    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('is not handed on by one that nobody has confirmed', async () => {
    const { fleet, clock, holder, waiters } = await lineOf(3, { nodeTimeoutMs: 20 });
    for (const node of fleet.nodes) node.fault = 'deaf';
    void holder.release();
    await clock.advance(30);
    const before = handOvers(fleet).length;
    for (const node of fleet.nodes) node.recover();

    await waiters[0]?.value?.release();
    await clock.advance(1_000);

    expect(handOvers(fleet).length).toBe(before);
    expect(waiters[1]?.value?.isHeld).toBe(true);
  });

  it('was gone before: both are told', async () => {
    const { fleet, holder, waiters, process } = await lineOf(2);
    for (const node of fleet.nodes) await node.steal('order:7');

    expect(await holder.release()).toBe('expired');
    await settle();

    expect(process.eventTypes().filter((type) => type === 'lost')).toHaveLength(2);
    expect(waiters[0]?.value?.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
    expect(waiters[0]?.value?.isHeld).toBe(false);
  });

  it('was gone before: one that waited for the nodes asks them again', async () => {
    const { fleet, clock, holder, waiters, process } = await lineOf(2, { options: PATIENT });
    for (const node of fleet.nodes) await node.steal('order:7');

    expect(await holder.release()).toBe('expired');
    await clock.advance(100);

    expect(waiters[0]?.value?.isHeld).toBe(true);
    expect(process.eventTypes()).toContain('lost');
  });

  it('was taken by somebody else before: it is lost, and theirs stays', async () => {
    const { fleet, holder, waiters } = await lineOf(2);
    for (const position of [0, 1]) {
      await fleet.node(position).steal('order:7');
      fleet
        .node(position)
        .acquire(
          { resources: ['order:7'], ownerToken: 'thief', ttlMs: 60_000, askHolderTtl: false },
          () => undefined,
        );
    }

    expect(await holder.release()).toBe('expired');
    await settle();

    expect(waiters[0]?.value?.signal.reason).toMatchObject({ reason: 'gone' });
    expect(await fleet.owners('order:7')).toEqual(['thief', 'thief', null]);
  });

  it('is no hold when somebody else has taken it on a majority', async () => {
    const { fleet, clock, holder, waiters } = await lineOf(2, { options: PATIENT });
    for (const position of [0, 1]) {
      await fleet.node(position).steal('order:7');
      fleet
        .node(position)
        .acquire(
          { resources: ['order:7'], ownerToken: 'thief', ttlMs: 300, askHolderTtl: false },
          () => undefined,
        );
    }

    expect(await holder.release()).toBe('expired');
    await settle();

    expect(waiters[0]?.state).toBe('pending');
    expect(await fleet.owners('order:7')).toEqual(['thief', 'thief', null]);
    await clock.advance(310);
    expect(waiters[0]?.value?.isHeld).toBe(true);
  });

  it('does not know what became of it when a majority is silent, and leaves nothing there', async () => {
    const { fleet, clock, process, holder, waiters } = await lineOf(2, { options: PATIENT });
    for (const position of [0, 1]) fleet.node(position).fault = 'stalled';

    const released = watch(holder.release());
    await clock.advance(500);
    expect(released.value).toBe('unknown');
    expect(waiters[0]?.state).toBe('pending');
    const closed = process.service.close();
    for (const position of [0, 1]) fleet.node(position).recover();
    await clock.advance(20_000);
    await closed;

    expect(await fleet.owners('order:7')).toEqual(FREE);
  });

  it('is released by itself on a node that fails, which may still have it', async () => {
    const { fleet, holder } = await lineOf(2);
    fleet.node(2).fault = 'refused';

    await holder.release();
    await settle();

    expect(fleet.node(2).sent.at(-1)).toMatchObject({
      verb: 'release',
      request: { ownerToken: holder.ownerToken, wakeWaiters: false },
    });
  });

  it('is released by itself on a node that fails after the others have decided', async () => {
    const { fleet, holder, waiters } = await lineOf(2);
    const before = fleet.node(2).count('release');
    let fail: (() => void) | undefined;
    jest.spyOn(fleet.node(2), 'extend').mockImplementationOnce((_, vote) => {
      fail = () => {
        vote({ kind: 'failed', error: new Error('the connection broke') });
      };
    });

    await holder.release();
    await settle();
    expect(waiters[0]?.value?.isHeld).toBe(true);
    expect(fleet.node(2).count('release')).toBe(before);
    fail?.();

    expect(fleet.node(2).sent.at(-1)).toMatchObject({
      verb: 'release',
      request: { ownerToken: holder.ownerToken },
    });
  });

  it.each(['stalled', 'mute'] as const)(
    'leaves nothing of the old hold on a node that was %s meanwhile and is back',
    async (fault) => {
      const { fleet, clock, holder, waiters } = await lineOf(2);
      fleet.node(2).fault = fault;

      expect(await holder.release()).toBe('released');
      await settle();
      expect(waiters[0]?.value?.isHeld).toBe(true);
      fleet.node(2).recover();
      await clock.advance(10);

      const [, , third] = await fleet.owners('order:7');
      expect([null, waiters[0]?.value?.ownerToken]).toContain(third);
    },
  );

  it('leaves nothing of the old hold where it was partly somebody else’s', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const first = await manager.acquire(['a', 'b']);
    const head = watch(manager.acquire(['a', 'b'], { wait: 10_000 }));
    const successor = watch(manager.acquire(['a', 'b'], { wait: 10_000, label: 'next' }));
    await first.release();
    await fleet.clock.advance(10);
    await fleet.node(2).steal('b');
    fleet
      .node(2)
      .acquire(
        { resources: ['b'], ownerToken: 'thief', ttlMs: 60_000, askHolderTtl: false },
        () => undefined,
      );

    expect(await head.value?.release()).toBe('released');
    await fleet.clock.advance(10);

    expect(successor.value?.isHeld).toBe(true);
    const [, , third] = await fleet.owners('a');
    expect(third).not.toBe(head.value?.ownerToken);
  });

  describe.each([
    ['as it is', {}],
    ['under another owner token', { label: 'next' }],
  ])('%s to one that goes away at the same moment', (_, how: LockOptions) => {
    it.each([
      ['before', 0],
      ['after', 1],
    ])('leaves nothing behind when it is aborted in the tick %s the release', async (when, order) => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const aborter = new AbortController();
      const first = await manager.acquire('order:7');
      const head = watch(manager.acquire('order:7', { wait: 10_000 }));
      const successor = watch(manager.acquire('order:7', { wait: 10_000, signal: aborter.signal, ...how }));
      const next = watch(manager.acquire('order:7', { wait: 10_000 }));
      await first.release();
      await settle();

      const steps = [
        () => void head.value?.release(),
        () => {
          aborter.abort(new Error('changed my mind'));
        },
      ];
      if (order === 0) steps.reverse();
      for (const step of steps) step();
      await fleet.clock.advance(10);

      // What changes hands as it is has a new holder at once: to abort comes too late.
      if (when === 'after' && how.label === undefined) await successor.value?.release();
      else expect(successor.error).toEqual(new Error('changed my mind'));
      await fleet.clock.advance(10);
      expect(next.value?.isHeld).toBe(true);
      await next.value?.release();
      await settle();
      expect(await fleet.owners('order:7')).toEqual(FREE);
    });

    it('leaves nothing behind at any number of turns of the event loop in between', async () => {
      for (let turns = 0; turns < 12; turns++) {
        const fleet = new Fleet(3);
        const { manager } = fleet.process();
        const aborter = new AbortController();
        const first = await manager.acquire('order:7');
        const head = watch(manager.acquire('order:7', { wait: 10_000 }));
        const successor = watch(manager.acquire('order:7', { wait: 10_000, signal: aborter.signal, ...how }));
        await first.release();
        await settle();

        void head.value?.release();
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        aborter.abort();
        await fleet.clock.advance(10);

        if (successor.state === 'resolved') await successor.value?.release();
        await settle();
        expect(await fleet.owners('order:7')).toEqual(FREE);
      }
    });

    it('leaves nothing behind when its wait ends while the nodes are silent', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const first = await manager.acquire('order:7', { autoExtend: false });
      const head = watch(manager.acquire('order:7', { wait: 10_000 }));
      const successor = watch(manager.acquire('order:7', { wait: 100, ...PATIENT }));
      await first.release();
      await settle();
      for (const node of fleet.nodes) node.fault = 'stalled';

      void head.value?.release();
      await fleet.clock.advance(600);
      expect(successor.state).toBe('rejected');
      for (const node of fleet.nodes) node.recover();
      await fleet.clock.advance(10);

      expect(await fleet.owners('order:7')).toEqual(FREE);
    });
  });

  it.each(['before', 'after'])(
    'leaves nothing on the nodes when the service is closed right %s',
    async (when) => {
      const { fleet, clock, process, holder, waiters } = await lineOf(3);

      let closed: Promise<void> | undefined;
      if (when === 'before') closed = process.service.close();
      void holder.release();
      closed ??= process.service.close();
      await clock.advance(20_000);
      await closed;

      expect(waiters.map(({ state }) => state)).toEqual(['rejected', 'rejected']);
      expect(await fleet.owners('order:7')).toEqual(FREE);
    },
  );

  describe('within bounds', () => {
    /** Holders give it back at once, until nobody of the line is left; how many got it without letting it go. */
    async function passOn(
      waiters: readonly Watched<HeldLock>[],
      holder: HeldLock,
      fleet: Fleet,
      holdMs: number,
    ) {
      const before = handOvers(fleet).length;
      let current: HeldLock = holder;
      for (const waiter of waiters) {
        await fleet.clock.advance(holdMs);
        const before = handOvers(fleet).length;
        await current.release();
        await settle();
        if (handOvers(fleet).length === before) break;
        if (waiter.value === undefined) throw new Error('nobody holds');
        current = waiter.value;
      }
      return handOvers(fleet).length - before;
    }

    it('of 32 turns goes on to the next, and then to whoever comes first', async () => {
      const { fleet, holder, waiters } = await lineOf(60);

      expect(await passOn(waiters, holder, fleet, 0)).toBe(32);
    });

    it('of 100 milliseconds goes on to the next, and then to whoever comes first', async () => {
      const { fleet, holder, waiters } = await lineOf(60);

      // Won 10 ms ago.
      expect(await passOn(waiters, holder, fleet, 9)).toBe(9);
    });

    it.each([1, 2])('of three turns for each of %i who stood in line goes on to the next', async (count) => {
      const { fleet, holder, waiters, last, process } = await lineOf(count);
      const late = Array.from({ length: 10 }, (_, i) =>
        watch(process.manager.acquire('order:7', { wait: 10_000, label: `late${i}` })),
      );

      expect(await passOn([...waiters, last, ...late], holder, fleet, 0)).toBe(3 * count);
    });

    it('of nobody in line is none, whoever comes later', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const holder = await manager.acquire('order:7');
      const late = watch(manager.acquire('order:7', { wait: 10_000 }));

      expect(await passOn([late], holder, fleet, 0)).toBe(0);
    });
  });

  describe('is released instead', () => {
    async function after(
      change: (line: Awaited<ReturnType<typeof lineOf>>) => unknown,
      options: LockOptions = {},
    ) {
      const line = await lineOf(2, { options });
      const before = handOvers(line.fleet).length;
      await change(line);
      await line.clock.advance(10);
      return { ...line, count: handOvers(line.fleet).length - before };
    }

    it('when it has to be held for longer', async () => {
      const { count, fleet, holder } = await after(({ holder }) => holder.release(), { holdAtLeast: 20_000 });

      expect(count).toBe(0);
      expect(await fleet.owners('order:7')).toEqual(Array.from({ length: 3 }, () => holder.ownerToken));
    });

    it('when it was lost', async () => {
      const { count } = await after(({ holder }) => {
        holder.lose('max-hold');
      });

      expect(count).toBe(0);
    });

    it('when the next one wants other resources as well, or fewer', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const first = await manager.acquire(['a', 'b']);
      const head = watch(manager.acquire(['a', 'b'], { wait: 10_000 }));
      const more = watch(manager.acquire(['a', 'b', 'c'], { wait: 10_000 }));
      const fewer = watch(manager.acquire('a', { wait: 10_000 }));
      await first.release();
      await fleet.clock.advance(10);
      const before = handOvers(fleet).length;

      await head.value?.release();
      await fleet.clock.advance(10);
      await more.value?.release();
      await fleet.clock.advance(10);

      expect(fewer.value?.isHeld).toBe(true);
      expect(handOvers(fleet).length - before).toBe(0);
      expect(await fleet.owners('b')).toEqual(FREE);
    });

    it('to one that wants other resources as well, who asks before the nodes have answered', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      const lock = await manager.acquire('a');
      const more = watch(manager.acquire(['a', 'b'], { wait: 10_000 }));
      for (const node of fleet.nodes) node.fault = 'stalled';

      void lock.release();
      await settle();

      expect(fleet.nodes.map(({ sent }) => sent.at(-1)?.verb)).toEqual(['acquire', 'acquire', 'acquire']);
      for (const node of fleet.nodes) node.recover();
      await fleet.clock.advance(10);
      expect(more.value?.isHeld).toBe(true);
    });

    it('to one of the same resources, who does not ask before: it is the turn of others', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      // It won when nobody stood in line, so it may not pass it on.
      const lock = await manager.acquire('a');
      const next = watch(manager.acquire('a', { wait: 10_000 }));
      for (const node of fleet.nodes) node.fault = 'stalled';

      void lock.release();
      await settle();

      expect(fleet.nodes.map(({ sent }) => sent.at(-1)?.verb)).toEqual(['release', 'release', 'release']);
      for (const node of fleet.nodes) node.recover();
      await fleet.clock.advance(10);
      expect(next.value?.isHeld).toBe(true);
    });
  });

  describe('and other processes that wait', () => {
    it('get it before the rest of the line, once the turns are used up', async () => {
      const { fleet, clock, holder, waiters } = await lineOf(40);
      const others = [fleet.process(), fleet.process()].map(({ manager }) =>
        watch(manager.acquire('order:7', { wait: 10_000 })),
      );
      await clock.advance(5);
      let current: HeldLock | undefined = holder;
      for (let turn = 0; turn < 33; turn++) {
        await current?.release();
        await clock.advance(0.5);
        current = waiters[turn]?.value;
      }

      expect(current).toBeUndefined();
      const lucky = others.find(({ state }) => state === 'resolved');
      expect(lucky?.value?.isHeld).toBe(true);
      expect(waiters[32]?.state).toBe('pending');

      await lucky?.value?.release();
      await clock.advance(2);
      expect(others.every(({ state }) => state === 'resolved')).toBe(true);
      await others.find(({ value }) => value?.isHeld)?.value?.release();
      await clock.advance(10);
      expect(waiters[32]?.value?.isHeld).toBe(true);
    });

    it('get it although they hear of it later than the line does', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      // No turns to pass on: nobody stood in line when it was won.
      const lock = await manager.acquire('order:7');
      for (const node of fleet.nodes) {
        const listen = node.onReleased.bind(node);
        jest.spyOn(node, 'onReleased').mockImplementation((resource, wake) =>
          listen(resource, (...told) => {
            fleet.clock.schedule(2, () => {
              wake(...told);
            });
          }),
        );
      }
      const other = watch(fleet.process().manager.acquire('order:7', { wait: 10_000 }));
      await fleet.clock.advance(5);
      const next = watch(manager.acquire('order:7', { wait: 10_000 }));

      await lock.release();
      await fleet.clock.advance(20);
      expect([other.state, next.state]).toEqual(['resolved', 'pending']);

      await other.value?.release();
      await fleet.clock.advance(20);
      expect(next.value?.isHeld).toBe(true);
    });

    it('do not keep it from the line when they have gone away', async () => {
      const { fleet, clock, holder, waiters } = await lineOf(40);
      const aborter = new AbortController();
      const other = watch(
        fleet.process().manager.acquire('order:7', { wait: 10_000, signal: aborter.signal }),
      );
      await clock.advance(5);
      let current: HeldLock | undefined = holder;
      for (let turn = 0; turn < 32; turn++) {
        await current?.release();
        await clock.advance(0.5);
        current = waiters[turn]?.value;
      }
      // It is told, counted, and gone in the same moment.
      void current?.release();
      aborter.abort();
      await clock.advance(10);

      expect(other.state).toBe('rejected');
      expect(waiters[32]?.value?.isHeld).toBe(true);
    });
  });
});
